// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("The command that pays does not", .timeLimit(.minutes(5)))
struct PayRefusalTests {
    @Test func `pay more than the policy lets it (evan.network 15: no cap on what was spent)`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        for price in ["999", "$0.000999"] {
            let dear = try await owner.pay("/good", ["--max-price", price, "--json"])
            #expect(dear.exitCode == 77 && dear.code == "policy.per-request", "\(dear.errors)")
            #expect(dear.errors.contains("or the maximum price if one was given"), "\(dear.errors)")
        }
        #expect(try await owner.pay("/good", ["--max-price", "$0.001"]).exitCode == 0)
        let asking = try shop.folder.write("asking.json", #"{"limits": {"askAbove": "500"}}"#)
        let asked = try await owner.pay("/good", ["--policy", asking, "--json"])
        #expect(asked.exitCode == 77 && asked.code == "policy.not-approved", "\(asked.errors)")
        #expect(asked.errors.contains("--yes") && asked.errors.contains("above limits.askAbove"))
        let dry = try await owner.pay("/good", ["--policy", asking, "--dry-run", "--json"])
        #expect(dry.json?["questions"]?.arrayValue?.count == 1)
        #expect(try await owner.pay("/good", ["--policy", asking, "--yes"]).exitCode == 0)
        try shop.folder.write("wallet/policy.json", #"{"hosts": {"allow": ["example.com"]}}"#)
        let denied = try await owner.pay("/good", ["--json", "--yes"])
        #expect(denied.exitCode == 77 && denied.code == "policy.host-not-allowed", "\(denied.errors)")
        #expect(try await owner.states() == ["paid", "paid"])
        try await shop.close()
    }

    @Test(arguments: ["voucher", "hash-chain", "merkle-token", "two-way", "lottery"])
    func `leave a person without money in the dark`(scheme: String) async throws {
        let shop = try await Shop(["--schemes", scheme])
        let owner = try await WalletOwner(shop, holding: 0)
        let poor = try await owner.pay("/good", ["--json"])
        #expect(poor.exitCode == 1 && poor.code == "payment.refused", "\(poor.errors)")
        #expect(poor.errors.contains("account holds too little for"), "\(poor.errors)")
        try await shop.close()
    }

    @Test func `spend more than a budget, from two processes at once`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        try shop.folder.write("wallet/policy.json", #"{"limits": {"total": "30000"}}"#)
        let arguments = ["pay", owner.url("/good"), "-n", "20", "--json"]
        let runs = [try owner.start(arguments), try owner.start(arguments)]
        var codes: [Int32] = []
        for run in runs { codes.append(try await run.exitCode(within: .seconds(120))) }
        #expect(codes.contains(77) && codes.allSatisfy { $0 == 0 || $0 == 77 }, "\(runs.map(\.errors))")
        #expect(runs.contains { $0.errors.contains("\"policy.total\"") })
        #expect(shop.upstream.calls(of: "/good") == 30)
        #expect(try await owner.states().filter { $0 == "paid" }.count == 30)
        #expect(try await shop.books().values.map(\.charged.units).reduce(0, +) == 30_000)
        try await shop.close()
    }

    @Test func `pay anything twice, when two processes share a wallet`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        let arguments = ["pay", owner.url("/good"), "-n", "20", "-q"]
        let runs = [try owner.start(arguments), try owner.start(arguments)]
        for run in runs { #expect(try await run.exitCode(within: .seconds(120)) == 0, "\(run.errors)") }
        #expect(runs.map(\.output) == Array(repeating: String(repeating: "This is /good.", count: 20), count: 2))
        #expect(shop.upstream.calls(of: "/good") == 40)
        #expect(try await owner.states() == Array(repeating: "paid", count: 40))
        #expect(try await owner.channels().compactMap { $0["charged"]?.stringValue } == ["40000"])
        #expect(try await shop.books().values.map(\.charged.units) == [40_000])
        try await shop.close()
    }

    @Test func `lose track when the answer does not come`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let silent = try await owner.pay("/hang", ["--timeout", "5", "--json"])
        #expect(silent.exitCode == 75 && silent.code == "payment.outcome-unknown", "\(silent.errors)")
        #expect(try await owner.states() == ["unknown", "paid"])
        #expect(try await owner.channels().first?["status"] == "in doubt")
        try await shop.close()
    }

    @Test func `count what never left, when the server is gone`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let before = try await owner.channels()
        #expect(try await shop.serve.stop() == 0)
        let began = ContinuousClock.now
        let dead = try await owner.pay("/good", ["--json", "--timeout", "600"])
        #expect(ContinuousClock.now - began < .seconds(50), "it says so at once")
        #expect(dead.exitCode == 69 && dead.code == "payment.unreachable", "\(dead.errors)")
        #expect(try await owner.states() == ["not-taken", "paid"])
        #expect(try await owner.channels() == before)
        try await shop.restart()
        try await shop.close()
    }

    @Test func `lose track when it is interrupted`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let run = try owner.start(["pay", owner.url("/hang"), "--json"])
        #expect(try await eventually(within: .seconds(60)) { shop.upstream.calls(of: "/hang") == 1 })
        run.send(SIGINT)
        #expect(try await run.exitCode() == 130, "\(run.errors)")
        #expect(run.errors.contains("\"pay.interrupted\""))
        let channel = try await owner.channel()
        #expect(run.errors.contains("farthing wallet reconcile \(channel)\""), "\(run.errors)")
        #expect(try await owner.states() == ["unknown", "paid"])
        // Until the gate sees that nobody waits any more, it is busy with the first.
        var last: Farthing.Outcome?
        let isFree = try await eventually(within: .seconds(60), every: .milliseconds(200)) {
            let outcome = try await owner.pay("/good")
            last = outcome
            return outcome.exitCode == 0
        }
        #expect(isFree, "\(last?.output ?? "") \(last?.errors ?? "")")
        #expect(try await owner.states().first == "paid")
        #expect(try await !owner.states().contains("unknown"))
        #expect(try await owner.channels().first?["status"] == "open")
        try await shop.close()
    }

    @Test(arguments: [
        ["pay"], ["pay", "http://a/", "-n", "0"], ["pay", "http://a/", "--parallel", "257"],
        ["pay", "http://a/", "--channels", "0"], ["pay", "http://a/", "--timeout", "0"],
        ["pay", "http://a/", "--max-price", "a lot"], ["pay", "http://a/", "-H", "no colon"],
        ["pay", "http://a/", "-H", "A: b\r\nC: d"], ["pay", "http://a/", "-H", "PAYMENT-SIGNATURE: x"],
        ["pay", "http://a/", "-X", "GET IT"], ["pay", "http://a/", "-n", "2", "-o", "file"],
        ["pay", "http://user:hunter2@a/"], ["pay", "ftp://a/"], ["pay", "nonsense"],
        ["pay", "libp2p://16Uiu2HAmBogus/x"], ["pay", "/ip4/nowhere"], ["pay", "/ip4/127.0.0.1/tcp/1"],
        ["wallet", "refund"],
        ["wallet", "refund", "0x12"], ["wallet", "withdraw"], ["wallet", "history", "--limit", "0"],
        ["wallet", "history", "--csv", "--json"], ["wallet", "balance", "--ledger", "a", "--rpc", "http://a"],
        ["wallet", "reconcile", "--network", "x"],
    ])
    func `run when it is not told rightly`(arguments: [String]) async throws {
        let folder = try TemporaryFolder()
        let outcome = try await Farthing.run(
            arguments, environment: ["FARTHING_WALLET": folder.file("none")], in: folder)
        #expect(outcome.exitCode == 64, "\(outcome.errors)")
        #expect(outcome.output.isEmpty && !outcome.errors.contains("hunter2"))
    }

    @Test func `hide what is offered, or say the same thing twice`() async throws {
        let shop = try await Shop(["--schemes", "voucher,hash-chain"])
        let owner = try await WalletOwner(shop)
        let unwanted = try await owner.pay("/good", ["--scheme", "lottery", "--json"])
        #expect(unwanted.exitCode == 76 && unwanted.code == "payment.scheme-not-wanted", "\(unwanted.errors)")
        #expect(unwanted.errors.contains("by voucher") && unwanted.errors.contains("by hash-chain"))
        let dear = try await owner.pay("/good", ["--max-price", "1", "--json"])
        #expect(dear.exitCode == 77 && dear.code == "policy.per-request")
        #expect(dear.errors.components(separatedBy: "the request may cost").count == 2, "\(dear.errors)")
        let bad = try await owner.run(["pay", "ftp://a/", "--json"])
        #expect(bad.exitCode == 64 && bad.code == "payment.bad-url")
        for road in ["https://", "/p2p/", "libp2p://", "gun://"] { #expect(bad.errors.contains(road)) }
        #expect(try await owner.history() == [])
        try await shop.close()
    }

    #if os(Linux)
    // Where there is a file that is always full.
    @Test(
        arguments: [
            ["pay", "URL"], ["pay", "URL", "--json"], ["pay", "URL", "--dry-run"], ["wallet", "history"],
            ["wallet", "channels", "--json"], ["wallet", "balance"],
        ])
    func `call done what could not be written`(arguments: [String]) async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let words = arguments.map { $0 == "URL" ? owner.url("/good") : $0 }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ChildProcess.program)
        process.arguments = words
        process.environment = ProcessInfo.processInfo.environment.merging(["FARTHING_WALLET": owner.path]) { $1 }
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        #expect(try await eventually(within: .seconds(60)) { !process.isRunning })
        #expect(process.terminationStatus == 73)
        try await shop.close()
    }
    #endif

    @Test func `begin without what it needs`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        func expect(
            _ exitCode: Int32, _ code: String, _ arguments: [String], _ location: SourceLocation = #_sourceLocation
        ) async throws {
            let outcome = try await owner.run(arguments + ["--json"])
            #expect(outcome.exitCode == exitCode, "\(outcome.errors)", sourceLocation: location)
            #expect(outcome.code == code, "\(outcome.errors)", sourceLocation: location)
        }
        let url = owner.url("/good")
        try await expect(66, "wallet.missing", ["pay", url, "--wallet", "nowhere"])
        try await expect(66, "file.missing", ["pay", url, "--policy", "nowhere"])
        try await expect(66, "file.missing", ["pay", url, "-d", "@nowhere"])
        try await expect(66, "ledger.missing", ["pay", url, "--ledger", "nowhere"])
        try await expect(69, "payment.unreachable", ["pay", "http://127.0.0.1:1/"])
        try await expect(76, "payment.no-offer", ["pay", shop.upstream.url + "/status/402"])
        let bad = try shop.folder.write("bad.json", #"{"limit": {}}"#)
        try await expect(78, "policy-file.unknown-member", ["pay", url, "--policy", bad])
        try await expect(78, "policy-file.unknown-member", ["wallet", "policy", "--check", bad])
        let rpc = ["--rpc", "http://127.0.0.1:1/hunter2"]
        for command in [["wallet", "balance"], ["wallet", "reconcile", "--rebuild"]] {
            try await expect(69, "settlement.unavailable", command + rpc)
            #expect(!(try await owner.run(command + rpc)).errors.contains("hunter2"))
        }
        let none = "0x" + String(repeating: "1", count: 64)
        for command in ["refund", "withdraw", "resume", "reconcile"] {
            try await expect(66, "wallet.unknown-channel", ["wallet", command, none])
        }
        #expect(try await owner.history() == [])
        try await shop.close()
    }

    @Test func `tell a secret`() async throws {
        let shop = try await Shop()
        let passphrase = "correct horse battery staple"
        let file = try shop.folder.write("passphrase", passphrase + "\n")
        let path = shop.folder.file("locked")
        let made = try await Farthing.run(
            ["wallet", "new", "--wallet", path, "--passphrase-file", file, "--json"], in: shop.folder)
        try await shop.mint(100_000, to: try #require(made.json?["address"]?.stringValue))
        let url = "http://127.0.0.1:\(shop.serve.port)/good"
        func pay(_ arguments: [String], _ environment: [String: String] = [:]) async throws -> Farthing.Outcome {
            let outcome = try await Farthing.run(
                ["pay", url, "--wallet", path, "-H", "Authorization: Bearer hunter2", "--json"] + arguments,
                environment: environment, in: shop.folder)
            for secret in [passphrase, "hunter2", "a wrong guess"] {
                #expect(!(outcome.output + outcome.errors).contains(secret))
            }
            return outcome
        }
        #expect(try await pay([]).code == "key-file.passphrase-needed")
        #expect(try await pay([], ["FARTHING_WALLET_PASSPHRASE": "a wrong guess"]).code == "key-file.wrong-passphrase")
        #expect(try await pay([], ["FARTHING_WALLET_PASSPHRASE": passphrase]).exitCode == 0)
        #expect(try await pay(["--passphrase-file", file]).exitCode == 0)
        let exported = try await Farthing.run(
            ["wallet", "export", "books", "--with-key", "--wallet", path], in: shop.folder)
        #expect(exported.exitCode == 0, "\(exported.errors)")
        #expect(try shop.folder.mode("books") == 0o600)
        let taken = try await Farthing.run(
            ["wallet", "import", "books", "--wallet", shop.folder.file("moved"), "--json"], in: shop.folder)
        #expect(taken.json?["added"] == 1 && taken.json?["entries"] == 2, "\(taken.errors)")
        #expect(shop.folder.text("moved/key.json") == shop.folder.text("locked/key.json"))
        #expect(try shop.folder.mode("moved/key.json") == 0o600)
        try await shop.close()
    }
}
