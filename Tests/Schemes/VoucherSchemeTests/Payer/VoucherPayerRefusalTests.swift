// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("What a payer does not go along with")
struct VoucherPayerRefusalTests {
    @Test(
        arguments: [
            (10_000, 8_999, 2), (10_000, 0, 9_001), (1, 500, 8_500),
        ] as [(Amount, Amount, Amount)])
    func `a deposit that would not cover the request`(balance: Amount, deposit: Amount, short: Amount) throws {
        let price = try #require(balance.adding(deposit)?.adding(short))
        try expect(
            .requestStarted(price: price, deposit: .of(deposit), at: noon), of: payer(balance: balance),
            .depositTooSmall(deposit: deposit, missing: short), "payer.deposit-too-small")
    }

    @Test func `sums that overflow`() throws {
        let event = VoucherPayer.Event.requestStarted(price: .max, deposit: .of(0), at: noon)
        try expect(event, of: payer(balance: 10_000, charged: 1), .overflow, "payer.overflow")
        let deposit = VoucherPayer.Event.requestStarted(price: 20_000, deposit: .of(.max), at: noon)
        try expect(deposit, of: payer(balance: 10_000), .overflow, "payer.overflow")
    }

    @Test func `a charge above the price`() throws {
        for charged in [0, 500] as [Amount] {
            try expect(
                .answered(charged: 1_001), of: waiting(charged: charged),
                .overcharged(charged: 1_001, price: 1_000), "payer.overcharged")
        }
    }

    @Test func `books that no voucher proves`() throws {
        let alice = try Alice()
        let ledger = Bob.snapshot(10_000, claimed: 500, at: 2)
        let stranger = try Alice(wallet: 0x55)
        for (charged, proof) in [
            (2_001, try alice.voucher(2_000)),
            (499, try alice.voucher(2_000)),
            (1_500, try stranger.voucher(2_000)),
        ] as [(Amount, Voucher)] {
            try expect(
                .corrected(charged: charged, balance: nil, proof: proof, ledger: ledger), of: waiting(),
                .unprovenCorrection(charged: charged, signed: 2_000), "payer.unproven-correction")
        }
    }

    @Test func `a refund of more than was ever there`() throws {
        try expect(
            .refunded(10_001), of: payer(balance: 10_000), .refundTooLarge(amount: 10_001, left: 10_000),
            "payer.refund-too-large")
    }

    @Test func `anything new while a request waits for its answer`() throws {
        for event in [.requestStarted(price: 1, deposit: .of(0), at: noon), .refunded(1)] as [VoucherPayer.Event] {
            try expect(event, of: waiting(), .requestInFlight, "payer.request-in-flight")
        }
    }

    @Test func `an answer to nothing`() throws {
        let ledger = Bob.snapshot(10_000, at: 2)
        let proof = try Alice().voucher(2_000)
        for event in [
            .answered(charged: 1), .refused, .corrected(charged: 1, balance: nil, proof: proof, ledger: ledger),
        ]
            as [VoucherPayer.Event]
        {
            try expect(event, of: payer(balance: 10_000), .nothingInFlight, "payer.nothing-in-flight")
        }
    }

    // MARK: -

    private func payer(balance: Amount, charged: Amount = 0) throws -> VoucherPayer {
        let alice = try Alice()
        let ledger = Bob.snapshot(balance, claimed: charged, at: 1)
        return VoucherPayer(id: alice.id, terms: alice.terms, ledger: ledger)
    }

    /// A payer whose request of 1,000 is on its way.
    private func waiting(charged: Amount = 0) throws -> VoucherPayer {
        var payer = try payer(balance: 10_000, charged: charged)
        _ = try payer.apply(.requestStarted(price: 1_000, deposit: .of(0), at: noon))
        return payer
    }

    private func expect(
        _ event: VoucherPayer.Event, of payer: VoucherPayer, _ refusal: VoucherPayer.Refusal, _ code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var after = payer
        let thrown = #expect(throws: VoucherPayer.Refusal.self, sourceLocation: sourceLocation) {
            try after.apply(event)
        }
        #expect(thrown == refusal, sourceLocation: sourceLocation)
        #expect(thrown?.code == code, sourceLocation: sourceLocation)
        #expect(thrown?.message.hasSuffix(".") == true, sourceLocation: sourceLocation)
        #expect(after == payer, sourceLocation: sourceLocation)
    }
}
