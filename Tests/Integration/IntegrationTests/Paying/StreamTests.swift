// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("A stream that is paid for by the command", .timeLimit(.minutes(5)))
struct StreamTests {
    private static func open(_ price: String = "100/KiB", _ more: [String] = []) async throws -> Shop {
        try await Shop(["--price", price, "--schemes", "voucher,hash-chain"] + more)
    }

    /// A command that pays for a stream without an end, and has paid for some of it.
    private func following(
        _ owner: WalletOwner, _ arguments: [String] = [], until bytes: Int = 8 * 1024
    ) async throws -> ChildProcess {
        let run = try owner.start(["pay", owner.url("/drip/5")] + arguments)
        try #require(
            try await eventually(within: .seconds(60)) { run.output.utf8.count >= bytes || !run.isRunning })
        try #require(run.isRunning, "\(run.errors)")
        return run
    }

    @Test(arguments: ["voucher", "hash-chain"])
    func `comes out whole, and is paid to the last byte`(scheme: String) async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let answer = try await owner.pay("/big/10000", ["--scheme", scheme])
        #expect(answer.exitCode == 0, "\(answer.errors)")
        #expect(answer.output == String(repeating: "x", count: 10_000))
        #expect(answer.errors.contains("paid 0.000976 USDC"), "\(answer.errors)")
        #expect(answer.errors.contains("9.7 KiB in 10 payments"), "\(answer.errors)")
        let states = try await owner.states()
        #expect(states.allSatisfy { $0 == "paid" }, "\(states)")
        #expect(shop.upstream.calls(of: "/big/10000") == 1)
        try await shop.close()
    }

    @Test func `stops at its limit`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let answer = try await owner.pay("/drip/1", ["--max-stream", "450", "--json"])
        #expect(answer.exitCode == 0, "\(answer.errors)")
        #expect(answer.json?["charged"] == "400" && answer.json?["body"]?.stringValue?.utf8.count == 4096)
        try await shop.close()
    }

    @Test(arguments: ["voucher", "hash-chain"])
    func `ends with Ctrl-C, and leaves books in order`(scheme: String) async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let run = try await following(owner, ["--scheme", scheme])
        run.send(SIGINT)
        #expect(try await run.exitCode() == 130, "\(run.errors)")
        #expect(run.errors.contains("no payment was under way"), "\(run.errors)")
        let states = try await owner.states()
        #expect(states.allSatisfy { $0 == "paid" }, "\(states)")
        // Whoever comes back pays from the same books.
        let next = try await owner.pay("/big/2048", ["--scheme", scheme])
        #expect(next.exitCode == 0 && next.output.utf8.count == 2048, "\(next.errors)")
        try await shop.close()
    }

    @Test func `is kept as far as it came when Ctrl-C ends it, and nothing is overwritten`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        for name in ["out.part", "out.part2"] {
            let before = try await owner.states().filter { $0 == "paid" }.count
            let run = try owner.start(["pay", owner.url("/drip/5"), "-o", shop.folder.file("out")])
            try #require(
                try await eventually(within: .seconds(60)) {
                    try await owner.states().filter { $0 == "paid" }.count >= before + 4 || !run.isRunning
                })
            run.send(SIGINT)
            #expect(try await run.exitCode() == 130, "\(run.errors)")
            #expect(run.errors.contains(shop.folder.file(name)), "\(run.errors)")
            #expect(shop.folder.text(name).utf8.count >= 1024)
            let left = try FileManager.default.contentsOfDirectory(atPath: shop.folder.path)
            #expect(!left.contains("out") && !left.contains { $0.hasPrefix(".out") }, "\(left)")
        }
        try await shop.close()
    }

    @Test func `comes out without what the gate says between its events`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let answer = try await owner.pay("/events/40")
        #expect(answer.exitCode == 0, "\(answer.errors)")
        #expect(answer.output == (1...40).map { "data: \($0) " + String(repeating: "x", count: 100) + "\n\n" }.joined())
        // With one stretch at a time the stream pauses, and says that it needs more.
        let slow = try await owner.pay("/events/40", ["--ahead", "1"])
        #expect(slow.exitCode == 0 && slow.output == answer.output, "\(slow.errors)")
        try await shop.close()
    }

    @Test func `goes on after its payer was killed`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let run = try await following(owner)
        run.send(SIGKILL)
        #expect(try await run.exitCode() == -SIGKILL)
        let next = try await owner.pay("/big/4096")
        #expect(next.exitCode == 0 && next.output.utf8.count == 4096, "\(next.errors)")
        let books = try await shop.books()
        #expect(books.count == 1 && books.values.allSatisfy { $0.charged <= $0.authorised })
        try await shop.close()
    }

    @Test func `is gone when its server was killed, and nothing but what was charged is kept`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let run = try await following(owner)
        try await shop.serve.kill()
        #expect(try await run.exitCode(within: .seconds(60)) != 0)
        let received = run.output.utf8.count
        let charged = try await shop.books().values.map(\.charged.units).reduce(0, +)
        #expect(charged > 0 && charged <= UInt128(received) * 100 / 1024 + 200, "\(charged) for \(received)")
        try await shop.restart()
        let again = try await owner.pay("/big/2048")
        #expect(again.exitCode == 0 && again.output.utf8.count == 2048, "\(again.errors)")
        try await shop.close()
    }

    @Test func `ends in good order when its server is stopped`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let run = try await following(owner)
        #expect(try await shop.serve.stop() == 0)
        #expect(try await run.exitCode(within: .seconds(60)) == 0, "\(run.errors)")
        let states = try await owner.states()
        // Those for a server that takes no connections any more were not answered, or did not even leave.
        #expect(states.filter { $0 != "paid" }.allSatisfy { ["unknown", "not-taken"].contains($0) }, "\(states)")
        #expect(states.count { $0 == "unknown" } <= 2, "\(states)")
        let charged = try await shop.books().values.map(\.charged.units).reduce(0, +)
        #expect(charged <= UInt128(run.output.utf8.count) * 100 / 1024)
        try await shop.expectSound()
    }

    @Test func `is no success when what feeds its events breaks off`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let answer = try owner.start(["pay", owner.url("/half-events/40")])
        try #require(
            try await eventually(within: .seconds(60)) { answer.output.contains("data: 40 ") || !answer.isRunning })
        shop.upstream.letGo()
        #expect(try await answer.exitCode(within: .seconds(60)) == 1)
        #expect(answer.errors.contains("[pay.body-broke-off]"), "\(answer.errors)")
        #expect(answer.errors.contains("upstream-failed") && answer.output.contains("data: 40 "), "\(answer.errors)")
        let file = try owner.start(["pay", owner.url("/half-events/40"), "-o", shop.folder.file("out"), "--json"])
        try #require(
            try await eventually(within: .seconds(60)) {
                Self.draft(of: "out", in: shop.folder).contains("data: 40 ") || !file.isRunning
            })
        shop.upstream.letGo()
        #expect(try await file.exitCode(within: .seconds(60)) == 1)
        #expect(file.errors.contains("\"pay.body-broke-off\""), "\(file.errors)")
        #expect(!FileManager.default.fileExists(atPath: shop.folder.file("out")))
        #expect(shop.folder.text("out.part").contains("data: 40 "))
        try await shop.close()
    }

    /// What of a file is written so far.
    private static func draft(of name: String, in folder: TemporaryFolder) -> String {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasPrefix(".\(name).") }.map { folder.text($0) }.joined()
    }

    @Test func `is told as one JSON object when Ctrl-C ends it`() async throws {
        let shop = try await Self.open()
        let owner = try await WalletOwner(shop)
        let run = try owner.start(["pay", owner.url("/drip/5"), "--json"])
        try #require(
            try await eventually(within: .seconds(60)) {
                try await owner.states().filter { $0 == "paid" }.count >= 4 || !run.isRunning
            })
        run.send(SIGINT)
        #expect(try await run.exitCode() == 130, "\(run.errors)")
        let told = try JSON.parse(run.output)
        #expect(told["body"]?.stringValue?.utf8.count ?? 0 >= 1024 && told["outcome"] == "paid", "\(run.output)")
        try await shop.close()
    }

    @Test func `is paid by the second`() async throws {
        let shop = try await Self.open("1000/2s")
        let owner = try await WalletOwner(shop)
        let run = try await following(owner, until: 4096)
        run.send(SIGINT)
        #expect(try await run.exitCode() == 130, "\(run.errors)")
        let charged = try await shop.books().values.map(\.charged.units).reduce(0, +)
        #expect(charged > 0, "\(run.errors)")
        #expect(run.errors.contains(" s in ") && !run.errors.contains("KiB"), "\(run.errors)")
        try await shop.close()
    }
}
