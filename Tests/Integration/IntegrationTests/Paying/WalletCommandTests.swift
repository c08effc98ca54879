// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Foundation
import Testing

@Suite("A wallet", .timeLimit(.minutes(5)))
struct WalletCommandTests {
    @Test func `is made once, for its owner alone`() async throws {
        let folder = try TemporaryFolder()
        let arguments = ["wallet", "new", "--wallet", folder.file("w"), "--no-passphrase", "--json"]
        let made = try await Farthing.run(arguments, in: folder)
        #expect(made.exitCode == 0 && made.json?["encrypted"] == false, "\(made.errors)")
        #expect(try folder.mode("w") == 0o700)
        #expect(try folder.mode("w/key.json") == 0o600)
        let again = try await Farthing.run(arguments, in: folder)
        #expect(again.exitCode == 73 && again.code == "key-file.exists")
        let told = try await Farthing.run(
            ["wallet", "new", "--no-passphrase"], environment: ["FARTHING_WALLET": folder.file("other")], in: folder)
        #expect(told.output.hasPrefix("0x") && told.errors.contains("farthing ledger mint --to 0x"))
        // The line works as it stands there.
        let hint = try #require(told.errors.split(separator: "\n").first { $0.contains("farthing ledger mint") })
        let words = hint.replacing("'", with: "").split(separator: " ").drop { $0 != "ledger" }.map { String($0) }
        let minted = try await Farthing.run(words + ["--json"], in: folder)
        #expect(minted.exitCode == 0 && minted.json?["balance"] == "1000000", "\(minted.errors)")
        let accounts = try await Farthing.run(["ledger", "accounts", "--ledger", "farthing.ledger"], in: folder)
        #expect(accounts.exitCode == 0 && accounts.output.contains("USDC"))
    }

    @Test func `counts what it holds`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.holdings() == "10000000")
        #expect(try await owner.pay("/good", ["-n", "3"]).exitCode == 0)
        let balance = try await owner.wallet("balance", "--ledger", owner.ledger, "--json")
        let row = try #require(balance.json?["balances"]?.arrayValue?.first)
        #expect(row["account"] == "9990000" && row["spendable"] == "7000" && row["locked"] == "7000")
        #expect(row["simulated"] == true)
        let alone = try await owner.wallet("balance")
        #expect(alone.output.contains("not looked at") && alone.output.contains("0.007"))
        let table = try await owner.wallet("channels")
        #expect(table.output.contains("open") && table.output.contains("0.003"))
        try await shop.close()
    }

    @Test func `tells its history to people and to programs`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good?key=hunter2,x").exitCode == 0)
        #expect(try await owner.pay("/charge?300").exitCode == 0)
        let table = try await owner.wallet("history")
        let lines = table.output.split(separator: "\n")
        try #require(lines.count == 3)
        #expect(lines[1].contains("GET /charge ") && lines[1].contains("0.0003") && lines[1].contains("paid"))
        #expect(!table.output.contains("hunter2"), "a query may hold what is nobody's business")
        let csv = try await owner.wallet("history", "--csv", "--limit", "1")
        #expect(csv.output.split(separator: "\r\n").count == 2)
        #expect(csv.output.contains(",charged,") && csv.output.contains(",300,"))
        #expect(try await owner.wallet("history", "--csv").output.contains("/good?key=hunter2,x\",batch-settlement"))
        #expect(try await owner.history().compactMap { $0["charged"]?.stringValue } == ["300", "1000"])
        let others = try await owner.wallet("history", "--host", "example.com", "--json")
        #expect(others.json?["history"] == [])
        let same = try await owner.wallet("history", "--host", "127.0.0.1:\(shop.serve.port)", "--json")
        #expect(same.json?["history"]?.arrayValue?.count == 2)
        try await shop.close()
    }

    @Test func `finds out what became of a payment`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        #expect(try await owner.pay("/hang", ["--timeout", "5"]).exitCode == 75)
        #expect(try await owner.states() == ["unknown", "paid"])
        // Until the gate sees that nobody waits any more, it is busy with the first.
        var last: JSON?
        _ = try await eventually(within: .seconds(90), every: .milliseconds(200)) {
            let found = try await owner.wallet("reconcile", "--ledger", owner.ledger, "--json")
            last = found.json?["channels"]?.arrayValue?.first
            let isKnown = last?[path: "after.doubts"] == 0
            #expect(found.exitCode == (isKnown ? 0 : 75), "\(found.errors)")
            return isKnown
        }
        let result = try #require(last)
        #expect(result[path: "before.doubts"] == 1 && result[path: "after.doubts"] == 0)
        #expect(result["settlementWasRead"] == true && result["payeeWasAsked"] == true)
        #expect(try await owner.states() == ["not-taken", "paid"])
        #expect(try await owner.wallet("reconcile").output == "No channel is in doubt.\n")
        let channel = try await owner.channel()
        #expect(try await owner.wallet("reconcile", channel).output.contains("asked"))
        try await shop.close()
    }

    @Test func `says by its exit code that a payment is in doubt still`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        #expect(try await owner.pay("/hang", ["--timeout", "5"]).exitCode == 75)
        let channel = try await owner.channel()
        // Nobody is there who could be asked.
        try await shop.serve.kill()
        let left = try await owner.wallet("reconcile", "--json")
        #expect(left.exitCode == 75, "\(left.errors)")
        #expect(left.json?["inDoubt"]?.arrayValue?.compactMap(\.stringValue) == [channel])
        let told = try await owner.wallet("reconcile", channel)
        #expect(told.exitCode == 75 && told.output.hasSuffix("1 of these is in doubt still.\n"), "\(told.output)")
        // A withdrawal that is under way hides no doubt.
        #expect(try await owner.wallet("withdraw", channel, "--ledger", owner.ledger).exitCode == 0)
        let leaving = try await owner.wallet("reconcile", "--json")
        #expect(leaving.exitCode == 75, "\(leaving.errors)")
        #expect(leaving.json?["inDoubt"]?.arrayValue?.compactMap(\.stringValue) == [channel])
        try await shop.restart()
        try await shop.close()
    }

    @Test func `finds its channels with nothing but the key`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good", ["-n", "6", "--parallel", "2"]).exitCode == 0)
        let before = try await owner.channels().compactMap { $0["id"]?.stringValue }
        for name in ["journal", "journal-wal", "journal-shm"] {
            try? FileManager.default.removeItem(atPath: shop.folder.file("wallet/" + name))
        }
        #expect(try await owner.channels() == [])
        let found = try await owner.wallet(
            "reconcile", "--rebuild", "--since", "0", "--network", "eip155:84532", "--ledger", owner.ledger, "--json")
        #expect(found.json?["found"]?.arrayValue?.compactMap(\.stringValue).sorted() == before, "\(found.errors)")
        let paid = try await owner.pay("/good", ["--json"])
        #expect(paid.json?["charged"] == "1000" && paid.json?["deposited"] == "0", "\(paid.errors)")
        let nowhere = try await owner.wallet("reconcile", "--rebuild", "--json")
        #expect(nowhere.exitCode == 69 && nowhere.code == "wallet.no-settlement")
        try await shop.close()
    }

    @Test func `gets its money back`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good", ["-n", "4"]).exitCode == 0)
        let id = try await owner.channel()
        let elsewhere = try await owner.wallet("refund", id, "--url", shop.upstream.url + "/good", "--json")
        #expect(elsewhere.exitCode == 76 && elsewhere.code == "payment.no-offer", "\(elsewhere.errors)")
        #expect(elsewhere.errors.contains("answered 200 there, and asked for no payment"), "\(elsewhere.errors)")
        let part = try await owner.wallet("refund", id, "--amount", "$0.001", "--url", owner.url("/good"), "--json")
        #expect(part.json?["refunds"]?.arrayValue?.first?["refunded"] == "1000", "\(part.errors)")
        let more = try await owner.wallet("refund", id, "--amount", "$100")
        #expect(more.errors.contains("A refund of 100 USDC was asked for; 0.005 USDC is left."), "\(more.errors)")
        let all = try await owner.wallet("refund", "--all", "--json")
        #expect(all.json?["refunds"]?.arrayValue?.first?["refunded"] == "5000", "\(all.errors)")
        #expect(try await owner.holdings() == "9996000")
        let none = try await owner.wallet("refund", id, "--json")
        #expect(none.exitCode == 1 && none.code == "payer.nothing-to-refund")
        #expect(try await owner.wallet("refund", "--all").output == "There is nothing to give back.\n")
        #expect(try await owner.history().prefix(2).compactMap { $0["kind"]?.stringValue } == ["refund", "refund"])
        try await shop.close()
    }

    @Test func `tells of channels that pay many payees when they give back their rest`() async throws {
        let shop = try await Shop(["--schemes", "merkle-token,lottery"])
        let owner = try await WalletOwner(shop)
        for scheme in ["merkle-token", "lottery"] {
            let paid = try await owner.pay("/good", ["--scheme", scheme])
            #expect(paid.exitCode == 0, "\(scheme): \(paid.errors)")
        }
        let channels = try await owner.channels()
        let told = try await owner.wallet("refund", "--all", "--json")
        #expect(told.exitCode == 0, "\(told.errors)")
        let refunds = try #require(told.json?["refunds"]?.arrayValue)
        #expect(refunds.count == 2 && channels.count == 2)
        let text = try await owner.wallet("refund", "--all").output
        for channel in channels {
            let id = try #require(channel["id"]?.stringValue)
            let refund = try #require(refunds.first { $0["channel"]?.stringValue == id })
            #expect(refund["code"] == "wallet.not-closable" && refund["refunded"] == nil)
            #expect(refund["locked"] == channel["locked"] && refund["locked"] != "0")
            #expect(refund["expiry"] == channel["expiry"] && refund["expiry"]?.integerValue != nil)
            #expect(refund["next"]?.stringValue == "farthing wallet withdraw \(id)")
            #expect(text.contains("Then: farthing wallet withdraw \(id)"))
            let expiry = try #require(refund["expiry"]?.integerValue)
            let date = Date(timeIntervalSince1970: Double(expiry)).formatted(.iso8601)
            #expect(text.contains("comes back from \(date) on"), "people are told a date: \(text)")
        }
        try await shop.close()
    }

    @Test func `takes its money out without the payee`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let channel = try await owner.channel()
        let blind = try await owner.wallet("withdraw", channel, "--json")
        #expect(blind.exitCode == 69 && blind.code == "wallet.no-settlement")
        let started = try await owner.wallet(
            "withdraw", channel, "--amount", "5000", "--ledger", owner.ledger, "--json")
        #expect(started.json?["step"] == "started" && started.json?["amount"] == "5000", "\(started.errors)")
        #expect(started.json?["due"]?.integerValue != nil)
        let waiting = try await owner.wallet("withdraw", channel, "--ledger", owner.ledger)
        #expect(waiting.output.contains("0.005 USDC is under way; due at "))
        #expect(try await owner.channels().first?["status"] == "withdrawing")
        let advanced = try await Farthing.run(
            ["ledger", "advance", "--seconds", "901", "--store", shop.store], in: shop.folder)
        #expect(advanced.exitCode == 0)
        let paid = try await owner.wallet("withdraw", channel, "--wait", "--ledger", owner.ledger, "--json")
        #expect(paid.json?["step"] == "paid" && paid.json?["amount"] == "5000", "\(paid.errors)")
        #expect(try await owner.holdings() == "9995000")
        try await shop.close()
    }

    @Test func `says what it expects back, and which command is next, and takes no other ledger for its own`()
        async throws
    {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let channel = try await owner.channel()
        let wrong = shop.folder.file("wrong.ledger")
        let made = try await owner.run(
            ["ledger", "mint", "--create", "--to", owner.address, "--amount", "1", "--ledger", wrong])
        #expect(made.exitCode == 0, "\(made.errors)")
        let elsewhere = try await owner.wallet("withdraw", channel, "--ledger", wrong, "--json")
        #expect(elsewhere.exitCode == 66 && elsewhere.code == "wallet.not-there", "\(elsewhere.errors)")
        let started = try await owner.wallet("withdraw", channel, "--ledger", owner.ledger)
        #expect(started.output.contains("withdrawal of 0.009 USDC is started"), "\(started.output)")
        #expect(started.output.contains("Then: farthing wallet withdraw \(channel) --ledger \(owner.ledger)\n"))
        let watched = try await owner.wallet("watch", "--once", "--ledger", wrong)
        #expect(watched.exitCode == 1 && watched.errors.contains(channel), "\(watched.errors)")
        try await shop.close()
    }

    @Test func `gets its money back from all others where a payee is behind a relay that is not named`() async throws {
        let folder = try TemporaryFolder()
        let relay = try ChildProcess(["gun", "relay", "--listen", "127.0.0.1:0", "--json"], folder: folder.path)
        try #require(try await eventually(within: .seconds(60)) { relay.said("listening") != nil }, "\(relay.errors)")
        let address = try #require(relay.said("listening")?["listening"]?.stringValue)
        let shop = try await Shop(["--gun", address, "--schemes", "voucher,hash-chain"])
        let owner = try await WalletOwner(shop)
        try #require(try await eventually(within: .seconds(60)) { shop.serve.child.said("gun") != nil })
        let payee = try #require(shop.serve.child.said("gun")?["gun"]?.arrayValue?.first?.stringValue)
        let paid = try await owner.run(["pay", payee + "/good", "--scheme", "voucher"])
        #expect(paid.exitCode == 0, "\(paid.errors)")
        #expect(try await owner.pay("/good", ["--scheme", "hash-chain"]).exitCode == 0)
        let told = try await owner.wallet("reconcile", "--all", "--json")
        #expect(told.exitCode == 0 && told.output.contains("--relay"), "\(told.errors)")
        let refunded = try await owner.wallet("refund", "--all")
        #expect(refunded.exitCode == 1, "one refused: \(refunded.errors)")
        #expect(refunded.output.contains("0.009 USDC came back") && refunded.output.contains("--relay"))
        let rest = try await owner.wallet("refund", "--all", "--relay", address)
        #expect(rest.exitCode == 0 && rest.output.contains("0.009 USDC came back"), "\(rest.errors)")
        try await shop.close()
        relay.send(SIGTERM)
        #expect(try await relay.exitCode() == 0)
    }

    @Test func `watches over a withdrawal until it is stopped`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let settled = ["--ledger", owner.ledger, "--json"]
        let quiet = try await owner.wallet("watch", "--once", "--json")
        #expect(quiet.exitCode == 0 && quiet.output.isEmpty, "nothing is ending: \(quiet.output)\(quiet.errors)")
        let channel = try await owner.channel()
        #expect(try await owner.run(["wallet", "withdraw", channel] + settled).json?["step"] == "started")
        let blind = try await owner.wallet("watch", "--once", "--json")
        #expect(blind.exitCode == 1 && blind.json?["code"] == "wallet.no-settlement", "\(blind.output)")
        let once = try await owner.run(["wallet", "watch", "--once"] + settled)
        #expect(once.exitCode == 0 && once.json?["step"] == "waiting", "\(once.output)\(once.errors)")

        let watch = try owner.start(["wallet", "watch", "--interval", "1"] + settled)
        try #require(try await eventually(within: .seconds(60)) { watch.output.contains("waiting") })
        let advanced = try await Farthing.run(
            ["ledger", "advance", "--seconds", "901", "--store", shop.store], in: shop.folder)
        #expect(advanced.exitCode == 0)
        try #require(try await eventually(within: .seconds(60)) { watch.output.contains("paid") })
        watch.send(SIGINT)
        #expect(try await watch.exitCode() == 0, "\(watch.errors)")
        #expect(try await owner.holdings() == "9999000")
        let wrong = try await owner.wallet("watch", "--interval", "0", "--json")
        #expect(wrong.exitCode == 64 && wrong.code == "usage")
        try await shop.close()
    }

    @Test func `has money given back by a peer, over the road on which it was paid`() async throws {
        let shop = try await Shop(["--libp2p", "/ip4/127.0.0.1/tcp/0", "--mdns", "false"])
        let owner = try await WalletOwner(shop)
        let place = try await shop.serve.peer() + "/http-path/good"
        let paid = try await owner.run(["pay", place])
        #expect(paid.exitCode == 0 && paid.output == "This is /good.", "\(paid.errors)")
        let channel = try await owner.channel()
        let refunded = try await owner.wallet("refund", channel, "--url", place, "--json")
        #expect(refunded.json?["refunds"]?.arrayValue?.first?["refunded"] == "9000", "\(refunded.errors)")
        #expect(try await owner.holdings() == "9999000")
        let key = "pnF7AAOO5GGme7Aj5aEH3tPS9ClbtR8j9Sxk95MzrLQ.xyEwXKOLi0R9aWMZzSIqSBNBC_wjqO6sh37GrT6Z1_s"
        let roadless = try await owner.wallet("refund", channel, "--url", "gun://\(key)/good", "--json")
        #expect(roadless.exitCode == 64 && roadless.errors.contains("--relay"), "\(roadless.errors)")
        try await shop.close()
    }

    @Test func `goes on with a channel when a person says so`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good").exitCode == 0)
        let resumed = try await owner.wallet("resume", try await owner.channel(), "--json")
        #expect(resumed.json?["status"] == "open" && resumed.json?["books"] == nil, "\(resumed.errors)")
        try await shop.close()
    }

    @Test func `moves from folder to folder and loses nothing`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.pay("/good", ["-n", "3"]).exitCode == 0)
        #expect(try await owner.wallet("export", "books", "--json").json?["entries"] == 3)
        #expect(!shop.folder.text("books").contains("private_key"))
        let taken = try await owner.wallet("export", "books", "--json")
        #expect(taken.exitCode == 73 && taken.code == "file.unwritable")
        let open = try await owner.wallet("export", "with-key", "--with-key", "--json")
        #expect(open.exitCode == 77 && open.code == "wallet-books.key-is-open")
        #expect(!FileManager.default.fileExists(atPath: shop.folder.file("with-key")))
        #expect(try await owner.pay("/good").exitCode == 0)
        let older = try await owner.wallet("import", "books", "--json")
        #expect(older.json?["merged"] == 1 && older.json?["entries"] == 0, "\(older.errors)")
        #expect(try await owner.channels().compactMap { $0["charged"]?.stringValue } == ["4000"])
        #expect(try await owner.pay("/good").exitCode == 0)

        let stranger = try await WalletOwner(shop, name: "stranger", holding: 0)
        let refused = try await stranger.wallet("import", "books", "--json")
        #expect(refused.exitCode == 1 && refused.code == "wallet-books.other-address")
        let keyless = try await Farthing.run(
            ["wallet", "import", "books", "--wallet", shop.folder.file("new"), "--json"], in: shop.folder)
        #expect(keyless.exitCode == 66 && keyless.code == "wallet-books.no-key")
        try shop.folder.write(
            "damaged", shop.folder.text("books").replacing("\"books\": \"0x01", with: "\"books\": \"0x"))
        let damaged = try await owner.wallet("import", "damaged", "--json")
        #expect(damaged.exitCode == 65 && damaged.code == "wallet-books.unreadable")
        try await shop.close()
    }

    @Test func `shows the policy in force`() async throws {
        let shop = try await Shop()
        let owner = try await WalletOwner(shop)
        #expect(try await owner.wallet("policy").json?[path: "limits.perRequest"] == "$0.10")
        try shop.folder.write("wallet/policy.json", #"{"limits": {"perRequest": "$0.02"}}"#)
        #expect(try await owner.wallet("policy").json?[path: "limits.perRequest"] == "$0.02")
        let other = try shop.folder.write("other.json", #"{"limits": {"perDay": "none"}}"#)
        #expect(try await owner.wallet("policy", "--check", other).json?[path: "limits.perDay"] == "none")
        try await shop.close()
    }
}
