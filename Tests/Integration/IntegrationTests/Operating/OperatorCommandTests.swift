// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import Testing

@Suite("An operator's command", .timeLimit(.minutes(10)))
struct OperatorCommandTests {
    private func run(_ arguments: String..., at shop: Shop) async throws -> Farthing.Outcome {
        try await Farthing.run(arguments + ["--store", shop.store, "--json"], in: shop.folder)
    }

    private func balance(of owner: String, at shop: Shop) async throws -> String? {
        let accounts = try await run("ledger", "accounts", at: shop).json?["accounts"]?.arrayValue
        return accounts?.first { $0["owner"]?.stringValue == owner }?["units"]?.stringValue
    }

    @Test func `shows channels while they are used`() async throws {
        let shop = try await Shop()
        var payers: [TestPayer] = []
        for _ in 0..<3 { payers.append(try await shop.regular()) }
        let list = try await run("channels", "list", at: shop)
        #expect(list.exitCode == 0)
        let channels = try #require(list.json?["channels"]?.arrayValue)
        #expect(Set(channels.compactMap { $0["id"]?.stringValue }) == Set(payers.map { "\($0.channel)" }))
        for channel in channels {
            #expect(channel["scheme"] == "voucher" && channel["status"] == "open")
            #expect(channel["balance"] == "20000" && channel["charged"] == "1000" && channel["claimable"] == "1000")
        }
        let id = try #require(payers.first?.channel)
        // The node may write down what it has settled a moment later.
        let isAlike = try await eventually(within: .seconds(60)) {
            let listed = try await run("channels", "list", at: shop).json?["channels"]?.arrayValue
            let shown = try await run("channels", "show", "\(id)", at: shop).json
            return shown != nil && shown == listed?.first { $0["id"] == .string("\(id)") }
        }
        #expect(isAlike)
        let page = try await run("channels", "list", "--limit", "2", at: shop).json
        #expect(page?["channels"]?.arrayValue?.count == 2)
        // Whoever adds up must know that it was not all.
        let next = try #require(page?["next"]?.stringValue)
        let rest = try await run("channels", "list", "--limit", "2", "--after", next, at: shop).json
        #expect(rest?["channels"]?.arrayValue?.count == 1 && rest?["next"] == nil)
        try await shop.close()
    }

    @Test func `claims and pays out what was earned, once`() async throws {
        let shop = try await Shop()
        var payer = try await shop.regular()
        for _ in 0..<4 { try payer.settle(await shop.get("/good", paying: payer.pay())) }
        _ = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let claimed = try await run("claim", at: shop)
        #expect(claimed.json?["claimed"] == "6000" && claimed.json?["channels"] == 2, "\(claimed.output)")
        #expect(claimed.json?["simulated"] == true)
        #expect(try await run("claim", at: shop).json?["claimed"] == "0")
        let settled = try await run("settle", at: shop)
        #expect(settled.json?["payouts"]?.arrayValue?.first?["amount"] == "6000", "\(settled.output)")
        #expect(try await run("settle", at: shop).json?["payouts"]?.arrayValue?.first?["amount"] == "0")
        #expect(try await balance(of: Shop.receiver, at: shop) == "6000")
        try await shop.restart()
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        #expect(try await shop.books(of: payer).captured == Amount(units: 5000))
        try await shop.close()
    }

    @Test func `takes the authorizer's key from where it is told, and calls nothing a backup without it`() async throws
    {
        let shop = try await Shop()
        _ = try await shop.regular()
        #expect(try await shop.serve.stop() == 0)
        let (key, elsewhere) = (shop.store + ".authorizer.key", shop.folder.file("elsewhere.key"))
        try FileManager.default.moveItem(atPath: key, toPath: elsewhere)

        let refused = try await run("store", "backup", shop.folder.file("backup"), at: shop)
        #expect(refused.exitCode == 65 && refused.json?["ok"] == false, "\(refused.output)")
        #expect(refused.json?["faults"]?.arrayValue?.first?.stringValue?.contains("--authorizer-key") == true)
        let backup = try await run(
            "store", "backup", shop.folder.file("backup-2"), "--authorizer-key", elsewhere, at: shop)
        #expect(backup.exitCode == 0 && backup.json?["ok"] == true, "\(backup.output)\(backup.errors)")
        #expect(
            FileManager.default.contentsEqual(
                atPath: elsewhere, andPath: shop.folder.file("backup-2/store.authorizer.key")))

        #expect(try await run("claim", at: shop).code == "authorizer-key.missing")
        for command in ["claim", "settle"] {
            let outcome = try await run(command, "--authorizer-key", elsewhere, at: shop)
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
        }
        #expect(try await balance(of: Shop.receiver, at: shop) == "1000")
        try FileManager.default.moveItem(atPath: elsewhere, toPath: key)
        try await shop.close()
    }

    @Test(arguments: [["contracts", "deploy", "--rpc"], ["stacks", "deploy", "--rpc"]])
    func `deploys no contracts whose addresses cannot be written down`(command: [String]) async throws {
        let folder = try TemporaryFolder()
        #expect(try await Farthing.run(["key", "new", "key", "--no-passphrase"], in: folder).exitCode == 0)
        // Nobody is there: what is asked first is whether the file can be made.
        let outcome = try await Farthing.run(
            command + ["http://127.0.0.1:9", "--key", "key", "--out", "nowhere/contracts.json", "--json"], in: folder)
        #expect(outcome.exitCode == 73 && outcome.code == "file.unwritable", "\(outcome.errors)")
    }

    @Test func `captures what was earned by every scheme, while no node does`() async throws {
        let schemes = ["voucher", "hash-chain", "merkle-token", "two-way", "lottery"]
        let shop = try await Shop(["--schemes", schemes.joined(separator: ",")])
        for scheme in schemes {
            let owner = try await WalletOwner(shop, name: scheme)
            for _ in 0..<3 {
                let paid = try await owner.pay("/good", ["--scheme", scheme])
                #expect(paid.exitCode == 0, "\(scheme): \(paid.errors)")
            }
        }
        #expect(try await shop.serve.stop() == 0)

        let claimed = try await run("claim", at: shop)
        #expect(claimed.exitCode == 0, "\(claimed.output)\(claimed.errors)")
        let reports = try #require(claimed.json?["schemes"]?.arrayValue)
        func captured(_ scheme: String) throws -> Int {
            let report = try #require(reports.first { $0["scheme"]?.stringValue == scheme }, "\(claimed.output)")
            return try #require(Int(report["captured"]?.stringValue ?? ""))
        }
        #expect(try captured("hash-chain") == 3000 && captured("merkle-token") == 3000)
        #expect(try captured("two-way") == 0, "it pays at its end alone")
        let redeemed = try captured("lottery")
        #expect(claimed.json?["claimed"]?.stringValue == "\(3000 + 3000 + 3000 + redeemed)")
        // What tickets win is luck; what the node redeemed at once is no news to the command.
        let sold = try await run("channels", "list", at: shop).json?["channels"]?.arrayValue ?? []
        let funds = sold.filter { $0["scheme"] == "lottery" }
        // Where two tickets win at once, the fund is empty, and there is a second one.
        let won = funds.compactMap { $0["captured"]?.stringValue.flatMap { Int($0) } }.reduce(0, +)
        #expect(!funds.isEmpty)
        #expect(won >= redeemed)
        #expect(try await balance(of: Shop.receiver, at: shop) == "\(3000 + 3000 + won)", "vouchers wait for settle")
        #expect(try await run("claim", at: shop).json?["claimed"] == "0")

        let ended = try await run("claim", "--end-two-way", at: shop)
        #expect(ended.exitCode == 0, "\(ended.output)\(ended.errors)")
        let channels = try await run("channels", "list", at: shop).json?["channels"]?.arrayValue ?? []
        let twoWay = channels.first { $0["scheme"] == "two-way" }
        #expect(twoWay?["status"] == "closing", "\(channels)")
        try await shop.close()
    }

    @Test func `is not needed under a cap, where a payment waits for the claim that makes room`() async throws {
        let shop = try await Shop(["--max-unclaimed-per-channel", "3000", "--max-unclaimed-in-all", "5000"])
        var payer = try await shop.payer()
        for count in 1...10 {
            try payer.settle(await shop.get("/good", paying: payer.pay()))
            let books = try await shop.books(of: payer)
            #expect(books.charged == Amount(units: UInt128(1000 * count)))
            #expect(books.charged.clampedSubtracting(books.captured) <= Amount(units: 3000))
        }
        let metrics = try await shop.client.get("/metrics").text
        #expect(metrics.contains("farthing_claim_rows_total{outcome=\"claimed\",scheme=\"voucher\"} 3"), "\(metrics)")
        #expect(metrics.contains("farthing_unclaimed_units{scheme=\"voucher\"}"))
        try await shop.close()
    }

    @Test func `is not needed by a node, which claims by itself while it sells`() async throws {
        let shop = try await Shop(["--claim-every", "1"])
        let crowd = try await Crowd(4, at: shop, requests: 50)
        async let paying: Void = crowd.pay(for: "/slow/20")
        let start = ContinuousClock.now
        let isPaidOut = try await eventually(within: .seconds(60), every: .milliseconds(200)) {
            try await balance(of: Shop.receiver, at: shop) ?? "0" != "0"
        }
        #expect(isPaidOut, "after \(ContinuousClock.now - start)")
        crowd.end()
        try await paying
        #expect(
            try await eventually(within: .seconds(60), every: .milliseconds(200)) {
                try await shop.books().values.allSatisfy { $0.captured == $0.charged }
            })
        try await crowd.expectBooked()
        #expect(
            try await eventually(within: .seconds(60), every: .milliseconds(200)) {
                try await balance(of: Shop.receiver, at: shop) == "\(crowd.servings * 1000)"
            })
        try await shop.close()
    }

    @Test func `counts every unit on the ledger, in channels of every kind`() async throws {
        let shop = try await Shop(["--schemes", "voucher,hash-chain"])
        for scheme in ["voucher", "hash-chain"] {
            let owner = try await WalletOwner(shop, name: scheme)
            #expect(try await owner.pay("/good", ["--scheme", scheme]).exitCode == 0)
        }
        let audit = try await run("ledger", "audit", at: shop)
        #expect(audit.exitCode == 0, "\(audit.errors)")
        #expect(audit.json?["ok"] == true && audit.json?["faults"] == [])
        let token = try #require(audit.json?["tokens"]?.arrayValue?.first)
        func units(_ name: String) throws -> Int { try #require(token[name]?.stringValue.flatMap { Int($0) }) }
        let parts = try [units("inAccounts"), units("inVoucherChannels"), units("inOtherChannels")]
        #expect(try units("minted") == parts.reduce(0, +) && parts.allSatisfy { $0 > 0 }, "\(audit.output)")
        let told = try await Farthing.run(["ledger", "audit", "--store", shop.store], in: shop.folder)
        #expect(told.output.contains("ok: every unit is accounted for"), "\(told.output)")
        #expect(try await shop.serve.stop() == 0)

        // One unit more or less, where the ledger has what lies in vouchers' channels.
        let locked = UInt64(try units("inVoucherChannels"))
        let row = Data(repeating: 0, count: 8) + withUnsafeBytes(of: locked.bigEndian) { Data($0) }
        let file = URL(fileURLWithPath: shop.store + ".ledger")
        var bytes = try Data(contentsOf: file)
        let place = try #require(bytes.range(of: row))
        bytes[place.upperBound - 1] ^= 1
        try bytes.write(to: file)
        let forged = try await run("ledger", "audit", at: shop)
        #expect(forged.exitCode == 65 && forged.json?["ok"] == false, "\(forged.output)")
    }

    @Test func `tells the ledger's history`() async throws {
        let shop = try await Shop()
        let payer = try await shop.regular()
        #expect(try await shop.get("/refund", paying: payer.refund()).status == 200)
        let events = try await run("ledger", "events", at: shop).json?["events"]?.arrayValue ?? []
        let names = events.compactMap { $0["event"]?.stringValue }
        #expect(names == ["Minted", "ChannelCreated", "Deposited", "Claimed", "Refunded"], "\(names)")
        #expect(events.compactMap { $0["sequence"]?.integerValue } == Array(1...Int64(events.count)))
        try await shop.close()
    }
}
