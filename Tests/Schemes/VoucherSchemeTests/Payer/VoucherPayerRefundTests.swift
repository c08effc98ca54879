// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A payer that asks for its money")
struct VoucherPayerRefundTests {
    @Test(arguments: [nil, 9_000, 1] as [Amount?])
    func `signs for what was charged, no more, and hears what came back`(amount: Amount?) throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        #expect(try carol.payer.apply(.refundStarted(amount)) == [.sign(ceiling: 1_000)])
        #expect(carol.payer.phase == .refunding(amount))
        #expect(carol.payer.authorised == 1_000)
        _ = try carol.payer.apply(.refunded(amount ?? 9_000))
        #expect(carol.payer.balance.units == 10_000 - (amount ?? 9_000).units)
        #expect(carol.payer.refundNonce == 1)
        #expect(carol.payer.phase == .idle)
    }

    @Test(arguments: [0, 9_001] as [Amount])
    func `asks for something, and for no more than is left`(amount: Amount) throws {
        try Carol(balance: 10_000, charged: 1_000).expect(
            .refundStarted(amount), .nothingToRefund(asked: amount, left: 9_000), "payer.nothing-to-refund")
        try Carol(balance: 1_000, charged: 1_000).expect(
            .refundStarted(nil), .nothingToRefund(asked: nil, left: 0), "payer.nothing-to-refund")
    }

    @Test func `goes on as before when the payee would not`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        let before = carol.payer
        _ = try carol.payer.apply(.refundStarted(nil))
        _ = try carol.payer.apply(.refundFailed)
        #expect(carol.payer == before)
    }

    @Test func `is shown the doubts that it forgot to count`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        try carol.lose(300)
        _ = try carol.payer.apply(.refundStarted(nil))
        _ = try carol.payer.apply(
            .corrected(charged: 1_300, balance: nil, proof: try carol.alice.voucher(1_300), ledger: nil))
        #expect(carol.payer.phase == .idle)
        #expect(try carol.payer.apply(.refundStarted(nil)) == [.sign(ceiling: 1_300)])
    }

    @Test func `does not know what became of it until the settlement is read, or an answer comes late`() throws {
        for event in [.observed(Bob.snapshot(1_000, refunds: 1, at: 2)), .refunded(9_000)] as [VoucherPayer.Event] {
            var carol = try Carol(balance: 10_000, charged: 1_000)
            _ = try carol.payer.apply(.refundStarted(nil))
            _ = try carol.payer.apply(.outcomeUnknown)
            #expect(carol.payer.isRefundInDoubt)
            #expect(carol.payer.balance == 10_000)
            _ = try carol.payer.apply(event)
            #expect(!carol.payer.isRefundInDoubt)
            #expect(carol.payer.balance == 1_000)
            #expect(carol.payer.refundNonce == 1)
        }
    }

    @Test func `is given back a deposit of which nobody had told it`() throws {
        var carol = try Carol(balance: 100)
        try carol.lose(200, deposit: .of(300, salt: 1))
        _ = try carol.payer.apply(.refundStarted(nil))
        carol.expect(.refunded(401), .refundTooLarge(amount: 401, left: 400), "payer.refund-too-large")
        _ = try carol.payer.apply(.refunded(400))
        #expect(carol.payer.balance == 0)
        #expect(carol.payer.outstanding == nil)
    }

    @Test func `does not take a refund that nobody told of for a deposit that is missing`() throws {
        var carol = try Carol()
        try carol.start(100, deposit: .of(500, salt: 1))
        _ = try carol.payer.apply(.answered(charged: 100))
        _ = try carol.payer.apply(.refundStarted(nil))
        _ = try carol.payer.apply(.outcomeUnknown)
        _ = try carol.payer.apply(.observed(Bob.snapshot(100, refunds: 1, at: 2)))
        #expect(carol.payer.outstanding == nil)
        #expect(carol.payer.balance == 100)
    }

    // MARK: - Without the payee

    @Test func `spends no more than it leaves in the channel`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, withdrawing: 8_500, at: 2)))
        #expect(carol.payer.limit == 1_500)
        #expect(carol.payer.spendable == 500)
        carol.expect(
            .requestStarted(price: 501, deposit: .of(0), at: noon), .depositTooSmall(deposit: 0, missing: 1),
            "payer.deposit-too-small")
        try carol.pay(500)
    }

    @Test(arguments: [(4_000, 4_500), (9_000, nil)] as [(Amount, Amount?)])
    func `has its refunds counted towards what it is taking out`(amount: Amount, rest: Amount?) throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        _ = try carol.payer.apply(.observed(Bob.snapshot(10_000, withdrawing: 8_500, at: 2)))
        _ = try carol.payer.apply(.refundStarted(amount))
        _ = try carol.payer.apply(.refunded(amount))
        #expect(carol.payer.withdrawal?.amount == rest)
    }

    @Test func `is suspended and resumed, and can ask for its money all the while`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        let misconduct = VoucherPayer.Misconduct.overcharged(charged: 2, price: 1)
        _ = try carol.payer.apply(.suspended(misconduct))
        carol.expect(.requestStarted(price: 1, deposit: .of(0), at: noon), .suspended(misconduct), "payer.suspended")
        _ = try carol.payer.apply(.refundStarted(nil))
        _ = try carol.payer.apply(.refundFailed)
        _ = try carol.payer.apply(.resumed)
        try carol.pay(1)
    }

    @Test func `does nothing else meanwhile`() throws {
        var carol = try Carol(balance: 10_000, charged: 1_000)
        _ = try carol.payer.apply(.refundStarted(nil))
        for event in [
            .requestStarted(price: 1, deposit: .of(0), at: noon), .refundStarted(nil), .answered(charged: 1),
            .refused,
        ] as [VoucherPayer.Event] {
            carol.expect(event, .requestInFlight, "payer.request-in-flight")
        }
        _ = try carol.payer.apply(.refundFailed)
        for event in [.refundFailed, .outcomeUnknown] as [VoucherPayer.Event] {
            carol.expect(event, .nothingInFlight, "payer.nothing-in-flight")
        }
        try carol.start(1)
        for event in [.refundStarted(nil), .refundFailed, .refunded(1)] as [VoucherPayer.Event] {
            carol.expect(event, .requestInFlight, "payer.request-in-flight")
        }
    }
}
