// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("The command that pays", .timeLimit(.minutes(5)))
struct PayCommandTests {
    @Test func `pays, and keeps the answer and the money apart`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let first = try await owner.pay("/good")
        #expect(first.exitCode == 0, "\(first.errors)")
        #expect(first.output == "This is /good.")
        let channel = try await owner.channel()
        #expect(
            first.errors == "paid 0.001 USDC to 127.0.0.1:\(shop.serve.port) "
                + "(channel \(channel.prefix(6))…, 0.01 deposited, 0.009 left)\n")
        let second = try await owner.pay("/good", ["--quiet"])
        #expect(second.output == "This is /good." && second.errors.isEmpty)
        #expect(try await owner.states() == ["paid", "paid"])
        #expect(shop.upstream.calls(of: "/good") == 2)
        #expect(try await owner.holdings() == "9990000")
        try await shop.close()
    }

    @Test func `tells all of it as one JSON object`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let answer = try await owner.pay("/charge?300", ["--json", "--ledger", owner.ledger])
        let json = try #require(answer.json, "\(answer.errors)")
        #expect(json["status"] == 200 && json["outcome"] == "paid" && json["body"] == "Cheaper.")
        #expect(json["price"] == "1000" && json["charged"] == "300" && json["deposited"] == "10000")
        #expect(json["left"] == "9700" && json["scheme"] == "batch-settlement" && json["network"] == "eip155:84532")
        #expect(json["receiver"]?.stringValue == Shop.receiver)
        #expect(json["channel"]?.stringValue == (try await owner.channel()))
        #expect(json["headers"]?["content-type"] == ["text/plain"])
        try await shop.close()
    }

    @Test func `sends methods, headers and bodies as it is told`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let text = try await owner.pay("/echo", ["-d", "a=1", "-H", "X-One: 1", "-H", "x-two:2", "-q"])
        #expect(text.output.hasPrefix("POST /echo HTTP/1.1\n"), "\(text.output) \(text.errors)")
        #expect(text.output.lowercased().contains("content-type: application/x-www-form-urlencoded"))
        #expect(text.output.lowercased().contains("x-one: 1") && text.output.lowercased().contains("x-two: 2"))
        #expect(text.output.hasSuffix("\n\na=1"))
        let put = try await owner.pay("/echo", ["-X", "PUT", "-d", "{}", "-H", "Content-Type: application/json"])
        #expect(put.output.hasPrefix("PUT /echo"))
        #expect(put.output.lowercased().contains("content-type: application/json"))
        let piped = try shop.folder.write("piped", "from a pipe")
        #expect(try await owner.pay("/echo", ["-d", "@-"], input: piped).output.hasSuffix("\n\nfrom a pipe"))
        let long = try shop.folder.write("long", String(repeating: "0123456789abcdef", count: 30_000))
        let file = try await owner.pay("/echo", ["-d", "@\(long)"])
        #expect(file.output.hasSuffix("\n\n" + shop.folder.text("long")), "\(file.errors)")
        #expect(try await owner.states() == Array(repeating: "paid", count: 4))
        try await shop.close()
    }

    @Test func `writes an answer to a file, which is there when all of it is`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let big = try await owner.pay("/big/5000000", ["-o", "answer"])
        #expect(big.exitCode == 0 && big.output.isEmpty, "\(big.errors)")
        #expect(shop.folder.text("answer").utf8.count == 5_000_000)
        let told = try await owner.pay("/good", ["-o", "answer", "-i", "--json"])
        #expect(told.json?["output"] == "answer" && told.json?["body"] == nil, "\(told.errors)")
        #expect(shop.folder.text("answer").hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(shop.folder.text("answer").hasSuffix("\r\n\r\nThis is /good."))
        let broken = try await owner.pay("/half-long", ["-o", "broken", "--json"])
        #expect(broken.exitCode == 1 && broken.code == "pay.body-broke-off", "\(broken.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: shop.folder.path)
        #expect(!names.contains("broken") && !names.contains { $0.hasSuffix(".part") })
        #expect(try await owner.pay("/good", ["-o", "-"]).output == "This is /good.")
        #expect(!FileManager.default.fileExists(atPath: shop.folder.file("-")))
        let calls = shop.upstream.calls
        let nowhere = try await owner.pay("/good", ["-o", "no/folder", "--json"])
        #expect(nowhere.exitCode == 73 && nowhere.code == "file.unwritable")
        #expect(shop.upstream.calls == calls, "what cannot be written is not paid for")
        try await shop.close()
    }

    @Test func `writes to what a name leads to, and replaces no device, pipe or link`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let files = FileManager.default
        try Data("old".utf8).write(to: URL(filePath: shop.folder.file("target")))
        try files.createSymbolicLink(atPath: shop.folder.file("link"), withDestinationPath: "target")
        #expect(try await owner.pay("/good", ["-o", "link"]).exitCode == 0)
        #expect(shop.folder.text("target") == "This is /good.")
        #expect(try files.destinationOfSymbolicLink(atPath: shop.folder.file("link")) == "target")

        #expect(mkfifo(shop.folder.file("pipe"), 0o600) == 0)
        let reader = Task.detached { [path = shop.folder.file("pipe")] in
            try FileHandle(forReadingFrom: URL(filePath: path)).readToEnd()
        }
        #expect(try await owner.pay("/good", ["-o", "pipe"]).exitCode == 0)
        #expect(try await reader.value == Data("This is /good.".utf8))
        var status = stat()
        #expect(stat(shop.folder.file("pipe"), &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)

        let calls = shop.upstream.calls
        let folder = try await owner.pay("/good", ["-o", ".", "--json"])
        #expect(folder.exitCode == 73 && folder.code == "file.unwritable", "\(folder.errors)")
        #expect(shop.upstream.calls == calls, "what cannot be written is not paid for")
        try await shop.close()
    }

    @Test func `tells the price without signing anything`() async throws {
        let shop = try await Shop(["--route", "/free free", "--price", "1000"])
        let owner = try await WalletOwner(shop)
        let plan = try await owner.pay("/good", ["--dry-run", "--json"])
        #expect(plan.exitCode == 0, "\(plan.errors)")
        #expect(plan.json?["price"] == "1000" && plan.json?["deposit"] == "10000" && plan.json?["questions"] == [])
        #expect(plan.json?["offer"]?["payTo"]?.stringValue == Shop.receiver)
        #expect(try await owner.pay("/good", ["--dry-run"]).output.hasSuffix("Nothing was signed.\n"))
        #expect(try await owner.pay("/free", ["--dry-run", "--json"]).json?["free"] == true)
        let free = try await owner.pay("/free", ["--json"])
        #expect(free.json?["outcome"] == "free" && free.json?["charged"] == nil)
        #expect(try await owner.history() == [])
        #expect(try await owner.channels() == [])
        #expect(shop.upstream.calls(of: "/good") == 0)
        try await shop.close()
    }

    @Test func `pays many times, over several channels or one`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let one = try await owner.pay("/good", ["-n", "6", "--parallel", "3", "--channels", "1"])
        #expect(one.exitCode == 0 && one.output == String(repeating: "This is /good.", count: 6), "\(one.errors)")
        let lines = one.errors.split(separator: "\n")
        #expect(lines.count { $0.hasPrefix("paid 0.001 USDC to ") } == 6)
        let total = try #require(lines.last)
        #expect(total.hasPrefix("total: 6 of 6 answered, 6 paid, 0.006 USDC in all, 0.01 USDC deposited, "))
        #expect(total.hasSuffix(" requests/s"))
        #expect(try await owner.channels().count == 1)
        let four = try await owner.pay("/good", ["-n", "20", "--parallel", "4", "--json", "-q"])
        let objects = try four.output.split(separator: "\n").map { try JSON.parse(String($0)) }
        #expect(objects.count == 21 && objects.dropLast().allSatisfy { $0["charged"] == "1000" })
        #expect(objects.last?[path: "total.paid"] == 20)
        #expect(try await owner.channels().count == 4)
        #expect(shop.upstream.calls(of: "/good") == 26)
        #expect(try await shop.books().values.map(\.charged.units).reduce(0, +) == 26_000)
        try await shop.close()
    }

    @Test func `says that the server failed, and pays nothing for it`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let failed = try await owner.pay("/status/503")
        #expect(failed.exitCode == 22 && failed.output == "This is what was asked for.", "\(failed.errors)")
        #expect(failed.errors.hasPrefix("not charged: 127.0.0.1:"))
        #expect(try await owner.states() == ["not-taken"])
        #expect(try await owner.pay("/good").exitCode == 0)
        #expect(try await owner.states() == ["paid", "not-taken"])
        try await shop.close()
    }

    @Test func `does not pay another receiver than before, unless told to`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let port = shop.serve.port
        #expect(try await shop.serve.stop() == 0)
        let other = try await ServeProcess.start(
            [
                "--listen", "127.0.0.1:\(port)", "--upstream", shop.upstream.url, "--price", "1000", "--pay-to",
                owner.address, "--store", shop.folder.file("other"), "--ledger", owner.ledger,
            ], in: shop.folder)
        let refused = try await owner.pay("/good", ["--json"])
        #expect(refused.exitCode == 77 && refused.code == "payment.receiver-changed", "\(refused.errors)")
        let allowed = try await owner.pay("/good", ["--accept-new-receiver", "--json"])
        #expect(allowed.json?["receiver"]?.stringValue == owner.address, "\(allowed.errors)")
        #expect(try await other.stop() == 0)
    }
}
