// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
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
            sellsExactly: false, in: folder)
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
}
