// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingDevnet
import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

extension Interop {
    /// The same peers, with contracts that are really executed.
    @Suite("On a local chain", .timeLimit(.minutes(5)))
    struct OnChain {}
}

extension Interop.OnChain {
    /// A chain that looks like Base Sepolia to whoever knows only that.
    private func open(_ body: (Devnet) async throws -> Void) async throws {
        let devnet = try await Devnet.start(["--chain-id", "84532"])
        do {
            try await devnet.installStandardContracts()
            try await body(devnet)
        } catch {
            devnet.stop()
            throw error
        }
        devnet.stop()
    }

    private func balance(_ account: String, on devnet: Devnet) async throws -> Int {
        let data = ABI.call("balanceOf(address)", [.address(try #require(Address(hex: account)))])
        let answer = try await devnet.ask(
            "eth_call", ["to": .string(Devnet.usdc), "data": .string(Hex.encode(data))], "latest")
        return try #require(Int(answer.stringValue?.dropFirst(2) ?? "", radix: 16))
    }

    /// The key with which a node signs pays for gas.
    private func fund(_ shop: Shop, on devnet: Devnet) async throws {
        let lines = try await shop.run(
            "key-show", try Places.farthing(), ["key", "show", "\(shop.store).authorizer.key", "--json"])
        let key = try JSON.parse(lines.joined(separator: "\n"))
        let address = try #require(key["address"]?.stringValue)
        try await devnet.ask("anvil_setBalance", .string(address), "0x56bc75e2d63100000")
    }

    @Test func `the official client pays a node that settles there, and every unit is found on the chain`()
        async throws
    {
        try await open { devnet in
            try await Shop.open(minimumDeposit: 20_000, rpc: devnet.urls[0]) { shop in
                try await fund(shop, on: devnet)
                let alice = try OfficialPayer(key: 0x11, at: shop)
                try await devnet.mint(1_000_000, for: alice.address)
                let paid = try await alice.pay("/weather", count: 30)
                #expect(paid.count == 30 && paid.allSatisfy { $0.status == 200 }, "\(paid.map(\.status))")
                #expect(paid.filter { $0.payload == "deposit" }.count == 2, "it opens the channel, and tops it up")
                #expect(try await alice.refund(4000).refunded == 4000)
                try await shop.stop()
                try await shop.start()
                #expect(try await alice.pay("/weather", count: 2).map(\.status) == [200, 200])
                try await shop.stop()

                let claim = try await shop.farthing(["claim"])
                #expect(claim["simulated"]?.boolValue == false && claim["refused"]?.arrayValue?.isEmpty == true)
                _ = try await shop.farthing(["settle"])
                #expect(alice.charged == 32_000)
                #expect(try await balance(Shop.payTo, on: devnet) == 32_000)
                #expect(
                    try await balance(alice.address.hex, on: devnet) == 1_000_000 - alice.deposited + alice.refunded)
                let contract = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
                #expect(
                    try await balance(contract, on: devnet) == alice.deposited - alice.refunded - 32_000)
                let verified = try await shop.farthing(["store", "verify"])
                #expect(verified["ok"]?.boolValue == true && verified["pendingEffects"]?.integerValue == 0)
            }
        }
    }

    @Test func `the official facilitator settles there for a node, with deposits, claims and refunds`() async throws {
        try await open { devnet in
            let folder = try Places.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let facilitator = try await OfficialFacilitator(in: folder, rpc: devnet.urls[0])
            defer { facilitator.stop() }
            let sender = try #require(facilitator.sender)
            try await devnet.ask("anvil_setBalance", .string(sender.hex), "0x56bc75e2d63100000")
            try await Shop.open(minimumDeposit: 10_000, facilitator: facilitator.url) { shop in
                let alice = try OfficialPayer(key: 0x11, at: shop)
                try await devnet.mint(100_000, for: alice.address)
                let paid = try await alice.pay("/weather", count: 12)
                #expect(paid.count == 12 && paid.allSatisfy { $0.status == 200 }, "\(paid.map(\.status))")
                #expect(try await alice.refund(500).refunded == 500)
                try await shop.stop()
                _ = try await shop.farthing(["claim"])
                _ = try await shop.farthing(["settle"])
                #expect(try await balance(Shop.payTo, on: devnet) == 12_000)
                #expect(
                    try await balance(alice.address.hex, on: devnet) == 100_000 - alice.deposited + alice.refunded)
            }
        }
    }

    /// The payee's key in these tests is 32 bytes of 0x22.
    @Test func `what a token would not move is told and paid by a command`() async throws {
        try await open { devnet in
            let folder = try Places.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            func file(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
            func farthing(_ arguments: [String]) async throws -> JSON {
                let process = try RunningProcess(
                    "farthing", try Places.farthing(), arguments + ["--json"], in: folder)
                return try JSON.parse(try await process.finish().joined(separator: "\n"))
            }
            let payee = "0x" + String(repeating: "22", count: 32)
            for (name, key) in [("key", devnet.accounts[0].key), ("payee", payee)] {
                try key.write(toFile: file("hex"), atomically: true, encoding: .utf8)
                _ = try await farthing(["key", "import", file(name), "--from", file("hex"), "--no-passphrase"])
            }
            _ = try await farthing([
                "contracts", "deploy", "--rpc", devnet.urls[0], "--key", file("key"), "--token", Devnet.usdc, "--out",
                file("contracts"),
            ])
            let place = ["--rpc", devnet.urls[0], "--contracts", file("contracts")]
            let look = ["contracts", "collect", "--account", Shop.payTo, "--token", Devnet.usdc] + place
            let pay = ["contracts", "collect", "--key", file("payee"), "--token", Devnet.usdc] + place
            #expect(try await farthing(look)["credits"]?.arrayValue?.isEmpty == true)
            try await Shop.open(
                minimumDeposit: 20_000, rpc: devnet.urls[0], contracts: file("contracts"), schemes: ["hash-chain"]
            ) { shop in
                try await fund(shop, on: devnet)
                let wallet = ["--wallet", file("wallet")]
                let made = try await farthing(["wallet", "new", "--no-passphrase"] + wallet)
                try await devnet.mint(
                    1_000_000, for: try #require(made["address"]?.stringValue.flatMap(Address.init(hex:))))
                for _ in 0..<3 {
                    let paid = try await farthing(
                        ["pay", "\(shop.url)/weather", "--scheme", "hash-chain"] + wallet + place)
                    #expect(paid["status"]?.integerValue == 200, "\(paid)")
                }
                try await shop.stop()
                let code = try await devnet.barTransfers(of: Devnet.usdc)
                _ = try await shop.farthing(["claim"])
                try await devnet.ask("anvil_setCode", .string(Devnet.usdc), code)
            }
            #expect(try await balance(Shop.payTo, on: devnet) == 0)
            let owed = try await farthing(look)["credits"]?.arrayValue ?? []
            #expect(owed.map { $0["contract"]?.stringValue } == ["hash-chain"])
            #expect(owed.first?.units("amount") == 3000, "\(owed)")

            try await devnet.ask("anvil_setBalance", .string(Shop.payTo), "0x56bc75e2d63100000")
            let paid = try await farthing(pay)["credits"]?.arrayValue ?? []
            #expect(paid.first?["transaction"]?.stringValue != nil && paid.first?.units("amount") == 3000, "\(paid)")
            #expect(try await balance(Shop.payTo, on: devnet) == 3000)
            #expect(try await farthing(pay)["credits"]?.arrayValue?.isEmpty == true)
        }
    }

    /// The official client and the official server, with our facilitator between them and the chain.
    @Test(arguments: [false, true])
    func `our facilitator settles there what the official server sells`(isDelegating: Bool) async throws {
        try await open { devnet in
            let folder = try Places.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            let facilitator = try await FarthingFacilitator(in: folder, isDelegate: isDelegating, rpc: devnet.urls[0])
            defer { facilitator.destroy() }
            let sender = try await facilitator.sender()
            try await devnet.ask("anvil_setBalance", .string(sender), "0x56bc75e2d63100000")
            let server = try await OfficialServer(
                facilitator: facilitator.url, chain: SimulatedChain(at: devnet.urls[0]), isDelegating: isDelegating,
                in: folder)
            defer { server.stop() }
            let alice = try OfficialPayer(key: 0x11, at: server)
            try await devnet.mint(100_000, for: alice.address)

            let paid = try await alice.pay("/weather", count: 12)
            #expect(paid.count == 12 && paid.allSatisfy { $0.status == 200 }, "\(paid)")
            #expect(paid.filter { $0.payload == "deposit" }.count == 2, "it opens the channel, and tops it up")
            #expect(try await alice.pay("/metered?cost=300").map(\.charged) == [300])
            #expect(try await alice.pay("/fail").map(\.status) == [500])
            #expect(try await alice.refund(500).refunded == 500)
            let settled = try await server.claim()["settle"]?["transaction"]?.stringValue
            let hash = try #require(settled)
            #expect(try await devnet.ask("eth_getTransactionReceipt", .string(hash))["status"]?.stringValue == "0x1")

            #expect(alice.charged == 12_300)
            #expect(try await balance(OfficialServer.receiver, on: devnet) == 12_300)
            #expect(try await balance(alice.address.hex, on: devnet) == 100_000 - alice.deposited + 500)
            let contract = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
            #expect(try await balance(contract, on: devnet) == alice.deposited - 500 - 12_300)
            let believed = try await server.channels()
            #expect(believed.first?.units("chargedCumulativeAmount") == 12_300)
            #expect(believed.first?.units("balance") == alice.deposited - 500)

            // A transfer for each payment, which the facilitator hands in.
            let bob = try OfficialPayer(key: 0x12, at: server)
            try await devnet.mint(3000, for: bob.address)
            let exactly = try await bob.pay("/exact", exactly: true)
            #expect(exactly.map(\.status) == [200], "\(exactly)")
            #expect(try await balance(OfficialServer.receiver, on: devnet) == 12_300 + OfficialServer.exactPrice)
            let refused = try await bob.pay("/exact", exactly: true)
            #expect(refused.map(\.status) == [402])
            #expect(refused.first?.refusal == "invalid_exact_evm_insufficient_balance", "\(refused)")
            #expect(try await balance(bob.address.hex, on: devnet) == 3000 - OfficialServer.exactPrice)
            try await facilitator.stop()
        }
    }

    @Test func `a wallet pays a node there, and takes the rest out without it`() async throws {
        try await open { devnet in
            try await Shop.open(minimumDeposit: 20_000, rpc: devnet.urls[0]) { shop in
                try await fund(shop, on: devnet)
                let folder = shop.folder.appending(path: "wallet").path(percentEncoded: false)
                func wallet(_ arguments: String...) async throws -> JSON {
                    let lines = try await shop.run(
                        "wallet", try Places.farthing(), arguments + ["--wallet", folder, "--json"])
                    return try JSON.parse(lines.joined(separator: "\n"))
                }
                let made = try await wallet("wallet", "new", "--no-passphrase")
                let address = try #require(made["address"]?.stringValue.flatMap(Address.init(hex:)))
                try await devnet.mint(100_000, for: address)
                try await devnet.ask("anvil_setBalance", .string(address.hex), "0x56bc75e2d63100000")
                for _ in 0..<3 {
                    let paid = try await wallet("pay", "\(shop.url)/weather", "--rpc", devnet.urls[0])
                    #expect(paid["status"]?.integerValue == 200, "\(paid)")
                }
                try await shop.stop()
                _ = try await shop.farthing(["claim"])
                _ = try await shop.farthing(["settle"])

                let channels = try await wallet("wallet", "channels")
                let id = try #require(channels["channels"]?.arrayValue?.first?["id"]?.stringValue)
                let started = try await wallet("wallet", "withdraw", id, "--rpc", devnet.urls[0])
                #expect(started["step"]?.stringValue == "started", "\(started)")
                try await devnet.ask("evm_increaseTime", 901)
                try await devnet.ask("evm_mine")
                let paid = try await wallet("wallet", "withdraw", id, "--rpc", devnet.urls[0])
                #expect(paid["step"]?.stringValue == "paid", "\(paid)")
                #expect(try await balance(address.hex, on: devnet) == 97_000)
                #expect(try await balance(Shop.payTo, on: devnet) == 3000)
            }
        }
    }

    @Test func `wallets pay a node there by all five schemes, and what was earned reaches the payee's account`()
        async throws
    {
        let schemes = ["voucher", "hash-chain", "merkle-token", "two-way", "lottery"]
        try await open { devnet in
            let folder = try Places.newFolder()
            defer { try? FileManager.default.removeItem(at: folder) }
            func file(_ name: String) -> String { folder.appending(path: name).path(percentEncoded: false) }
            func farthing(_ arguments: [String]) async throws -> JSON {
                let process = try RunningProcess(
                    "farthing", try Places.farthing(), arguments + ["--json"], in: folder)
                return try JSON.parse(try await process.finish().joined(separator: "\n"))
            }
            try devnet.accounts[0].key.write(toFile: file("hex"), atomically: true, encoding: .utf8)
            _ = try await farthing(["key", "import", file("key"), "--from", file("hex"), "--no-passphrase"])
            _ = try await farthing([
                "contracts", "deploy", "--rpc", devnet.urls[0], "--key", file("key"), "--token", Devnet.usdc, "--out",
                file("contracts"),
            ])
            let place = ["--rpc", devnet.urls[0], "--contracts", file("contracts")]
            let code = try await farthing(["contracts", "verify"] + place)["contracts"]?.arrayValue ?? []
            #expect(code.count == 9 && code.allSatisfy { $0["code"]?.stringValue == "ours" }, "\(code)")

            try await Shop.open(
                minimumDeposit: 20_000, rpc: devnet.urls[0], contracts: file("contracts"), schemes: schemes
            ) { shop in
                try await fund(shop, on: devnet)
                for scheme in schemes {
                    let wallet = ["--wallet", file(scheme)]
                    let made = try await farthing(["wallet", "new", "--no-passphrase"] + wallet)
                    let address = try #require(made["address"]?.stringValue.flatMap(Address.init(hex:)))
                    try await devnet.mint(1_000_000, for: address)
                    for _ in 0..<3 {
                        let paid = try await farthing(
                            ["pay", "\(shop.url)/weather", "--scheme", scheme] + wallet + place)
                        #expect(paid["status"]?.integerValue == 200, "\(scheme): \(paid)")
                    }
                }
                try await shop.stop()
                try await shop.start()
                let again = try await farthing(
                    ["pay", "\(shop.url)/weather", "--scheme", "hash-chain", "--wallet", file("hash-chain")] + place)
                #expect(again["status"]?.integerValue == 200, "after a restart: \(again)")
                try await shop.stop()

                let claim = try await shop.farthing(["claim", "--end-two-way"])
                #expect(claim["refused"]?.arrayValue?.isEmpty == true, "\(claim)")
                _ = try await shop.farthing(["settle"])
                let channels = try await shop.farthing(["channels", "list"])["channels"]?.arrayValue ?? []
                #expect(channels.count == schemes.count)
                func channel(_ scheme: String) -> JSON? { channels.first { $0["scheme"]?.stringValue == scheme } }
                let captured = schemes.map { channel($0)?.units("captured") }
                #expect(captured.prefix(3) == [3000, 4000, 3000], "\(channels)")
                #expect(channel("two-way")?["status"]?.stringValue == "closing", "its challenge period runs")
                // What tickets win is luck, and all of it is there.
                #expect(
                    try await balance(Shop.payTo, on: devnet) == captured.reduce(0) { $0 + ($1 ?? 0) })
                let verified = try await shop.farthing(["store", "verify"])
                #expect(verified["ok"]?.boolValue == true, "\(verified)")
            }
        }
    }
}
