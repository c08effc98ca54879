// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402Client
import FarthingPrimitives
import FarthingWallet
import Foundation
import Testing

extension Interop {
    @Suite("A facilitator between strangers", .timeLimit(.minutes(3)))
    struct Facilitating {}
}

extension Interop.Facilitating {
    /// The official client, our server, the official facilitator.
    @Test func `settles what a Farthing server sells, when it is the official one`() async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let facilitator = try await OfficialFacilitator(in: folder)
        defer { facilitator.stop() }
        try await Shop.open(minimumDeposit: 10_000, facilitator: facilitator.url) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await facilitator.chain.mint(100_000, for: alice.address)
            let ready = try await Loopback.get(shop.url + "/readyz")
            #expect(ready["settlement"]?.stringValue == "facilitator" && ready["simulated"]?.boolValue == false)

            let paid = try await alice.pay("/weather", count: 12)
            #expect(paid.map(\.status) == Array(repeating: 200, count: 12), "\(paid)")
            #expect(paid.filter { $0.payload == "deposit" }.count == 2)
            // Vouchers are checked here; only deposits are brought to the facilitator.
            let calls = try Self.calls(of: facilitator)
            #expect(
                calls.filter { $0.key != "/settle settle" } == ["/verify deposit": 2, "/settle deposit": 2],
                "\(calls)")
            try await shop.stop()
            try await shop.start()
            #expect(try await alice.pay("/metered?amount=300").map(\.charged) == [300])
            #expect(try await alice.pay("/fail").map(\.status) == [500])
            #expect(try await alice.refund(500).refunded == 500)
            #expect(try await alice.pay("/weather").map(\.status) == [200])
            try await shop.stop()

            let claim = try await shop.farthing(["claim"])
            #expect(claim.units("claimed") == 1000 && claim["simulated"]?.boolValue == false, "\(claim)")
            #expect(try await shop.farthing(["claim"]).units("claimed") == 0)
            let payouts = try await shop.farthing(["settle"])["payouts"]?.arrayValue
            #expect(payouts?.first?["transaction"]?.stringValue != nil)

            let channel = try #require(alice.channel)
            let dump = try await facilitator.chain.dump()
            let kept = try #require(dump["channels"]?[channel])
            #expect(kept.units("totalClaimed") == 13_300 && alice.charged == 13_300)
            #expect(kept.units("balance") == alice.deposited - 500)
            #expect(dump["balances"]?.units(Shop.payTo) == 13_300)
            #expect(dump["balances"]?.units(alice.address.checksummed) == 100_000 - alice.deposited + 500)
            let shown = try await shop.farthing(["channels", "show", channel])
            #expect(shown.units("captured") == 13_300 && shown.units("charged") == 13_300)
            #expect(shown.units("balance") == kept.units("balance"))
        }
    }

    private static func calls(of facilitator: OfficialFacilitator) throws -> [String: Int] {
        try facilitator.exchanges().reduce(into: [:]) { counts, exchange in
            let type = exchange["request"]?["paymentPayload"]?["payload"]?["type"]?.stringValue ?? ""
            counts["\(exchange["path"]?.stringValue ?? "") \(type)", default: 0] += 1
        }
    }

    /// The official client, the official server, our facilitator.
    @Test(arguments: [false, true])
    func `settles what the official server sells, when it is Farthing`(isDelegating: Bool) async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let facilitator = try await FarthingFacilitator(in: folder, isDelegate: isDelegating)
        defer { facilitator.destroy() }
        let server = try await OfficialServer(
            facilitator: facilitator.url, chain: SimulatedChain(at: ""), isDelegating: isDelegating,
            in: folder)
        defer { server.stop() }
        let alice = try OfficialPayer(key: 0x11, at: server)
        try await facilitator.mint(100_000, for: alice.address)

        let paid = try await alice.pay("/weather", count: 12)
        #expect(paid.map(\.status) == Array(repeating: 200, count: 12), "\(paid)")
        #expect(paid.filter { $0.payload == "deposit" }.count == 2)
        #expect(try await alice.pay("/metered?cost=300").map(\.charged) == [300])
        #expect(try await alice.pay("/fail").map(\.status) == [500])
        #expect(try await alice.refund(500).refunded == 500)
        #expect(try await server.claim()["settle"]?["transaction"]?.stringValue != nil)

        #expect(alice.charged == 12_300)
        let believed = try await server.channels()
        #expect(believed.first?.units("chargedCumulativeAmount") == 12_300)
        #expect(believed.first?.units("balance") == alice.deposited - 500)
        #expect(try await facilitator.holds(OfficialServer.receiver) == 12_300)
        #expect(try await facilitator.holds(alice.address.checksummed) == 100_000 - alice.deposited + 500)
        let contract = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003"
        #expect(try await facilitator.holds(contract) == alice.deposited - 500 - 12_300)
        try await facilitator.stop()
    }

    /// Each client in its turn, the official server, our facilitator.
    @Test func `moves what is paid exactly, from account to account, when it is Farthing`() async throws {
        let folder = try Places.newFolder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let facilitator = try await FarthingFacilitator(in: folder)
        defer { facilitator.destroy() }
        let server = try await OfficialServer(
            facilitator: facilitator.url, chain: SimulatedChain(at: facilitator.url), in: folder)
        defer { server.stop() }

        let alice = try OfficialPayer(key: 0x12, at: server)
        try await facilitator.mint(6000, for: alice.address)
        let paid = try await alice.pay("/exact", count: 2, exactly: true)
        #expect(paid.map(\.status) == [200, 200] && paid.allSatisfy { $0.payload == "exact" }, "\(paid)")
        #expect(Set(paid.compactMap { $0.json["transaction"]?.stringValue }).count == 2)
        #expect(try await facilitator.holds(OfficialServer.receiver) == 2 * OfficialServer.exactPrice)
        // Her 1000 are too few for a third.
        let refused = try await alice.pay("/exact", exactly: true)
        #expect(refused.map(\.status) == [402])
        #expect(refused.first?.refusal == "invalid_exact_evm_insufficient_balance", "\(refused)")
        #expect(try await facilitator.holds(alice.address.checksummed) == 1000)

        // There is no chain to read; an exact payment needs none.
        let bob = try FarthingPayer(key: 0x13, on: server.chain, readsChain: false)
        try await facilitator.mint(100_000, for: bob.wallet.address)
        let receipts = try await bob.pay(server.url + "/exact", count: 2)
        #expect(receipts.map(\.charged.units) == [2500, 2500])
        #expect(receipts.allSatisfy { $0.transaction != nil && $0.scheme == "exact" })
        #expect(try await bob.wallet.journal.entries().map(\.charged.units) == [2500, 2500])
        #expect(try await facilitator.holds(bob.wallet.address.checksummed) == 95_000)
        #expect(try await facilitator.holds(OfficialServer.receiver) == 4 * OfficialServer.exactPrice)
        let transfers = try await facilitator.events(named: "Transfer")
        let told =
            paid.compactMap { $0.json["transaction"]?.stringValue }
            + receipts.compactMap { $0.transaction?.description }
        #expect(transfers.map { $0["transaction"]?.stringValue } == told)
        try await facilitator.stop()
    }
}
