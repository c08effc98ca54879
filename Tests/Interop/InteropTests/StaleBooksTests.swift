// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

extension Interop {
    @Suite("The official x402 client, with stale books", .timeLimit(.minutes(3)))
    struct StaleBooks {}
}

extension Interop.StaleBooks {
    @Test(arguments: [nil, 0x44] as [UInt8?])
    func `gets a proof signed by itself, and pays on once it believes that`(voucherKey: UInt8?) async throws {
        try await Shop.open(minimumDeposit: 10_000) { shop in
            let alice = try OfficialPayer(key: 0x11, voucherKey: voucherKey, at: shop)
            try await shop.mint(10_000, for: alice)
            try await alice.pay("/weather", count: 4)
            try await alice.rewind(to: 1000)

            let refused = try await alice.pay("/weather")
            #expect(refused.map(\.status) == [402])
            #expect(refused.map(\.refusal) == ["invalid_batch_settlement_evm_cumulative_amount_mismatch"])
            #expect(refused.map(\.charged) == [nil])
            #expect(refused.map(\.booksCharged) == [1000], "without reading the channel the SDK believes nobody")

            let mended = try await alice.mend()
            #expect(mended.status == 402)
            #expect(mended.json["isSettled"]?.boolValue == false, "only without PAYMENT-RESPONSE is it corrective")
            #expect(mended.json["isProven"]?.boolValue == true, "\(mended)")
            #expect(mended.json.units("provenCharged") == 4000)
            #expect(mended.json.units("provenBalance") == 10_000)
            #expect(mended.booksCharged == 4000)

            #expect(try await alice.pay("/weather").map(\.booksCharged) == [5000])
            #expect(shop.calls(of: "/weather") == 5)
            try await shop.expectAgreement(with: alice)
        }
    }

    @Test func `mends them by itself when it can read the channel, also after a full refund`() async throws {
        try await Shop.open(minimumDeposit: 5000) { shop in
            let alice = try OfficialPayer(key: 0x11, at: shop)
            try await shop.mint(20_000, for: alice)
            try await alice.pay("/weather", count: 4, reading: true)
            try await alice.rewind(to: 1000)
            let mended = try await alice.pay("/weather", reading: true)
            #expect(mended.map(\.refusal) == ["invalid_batch_settlement_evm_cumulative_amount_mismatch"])
            #expect(mended.map(\.status) == [200])
            #expect(mended.map(\.booksCharged) == [5000])

            try await alice.pay("/weather", reading: true)
            #expect(try await alice.refund().refunded == 4000)
            let anew = try await alice.pay("/weather", count: 2, reading: true)
            #expect(anew.map(\.payload) == ["deposit", "voucher"])
            #expect(anew.map(\.booksCharged) == [7000, 8000], "a channel never begins at nothing again")
            #expect(shop.calls(of: "/weather") == 8)
            try await shop.expectAgreement(with: alice)
        }
    }
}
