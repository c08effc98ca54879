// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("The embedded ledger")
struct LedgerTests {
    @Test func `says that its money is not a chain's`() throws {
        #expect(try Stage().ledger.isSimulated)
    }

    @Test func `takes money in, books what was signed away, pays out, and gives the rest back`() async throws {
        let stage = try await Stage.funded(1000)
        #expect(try await stage.ledger.snapshot(of: stage.channel) == nil)

        let deposit = try await stage.ledger.deposit(stage.deposit(100))
        #expect(deposit.amount == units(100))
        #expect(deposit.snapshot.balance == units(100))
        #expect(try await stage.holds(stage.payer) == 900)

        #expect(try await stage.claim(stage.row(30, ceiling: 40)) == [.claimed(units(30))])
        #expect(try await stage.snapshot().totalClaimed == units(30))
        #expect(try await stage.holds(stage.receiver) == 0)

        let payout = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(payout.amount == units(30))
        #expect(try await stage.holds(stage.receiver) == 30)

        let refund = try await stage.ledger.refund(stage.refundOrder(1000))
        #expect(refund.amount == units(70))
        #expect(refund.snapshot.balance == units(30))
        #expect(refund.snapshot.refundNonce == 1)
        #expect(try await stage.holds(stage.payer) == 970)

        let kinds = try await stage.ledger.events(after: 0, limit: 100).map(\.kind)
        #expect(
            kinds == [
                .minted(account: stage.payer.address, token: stage.token.address, amount: units(1000)),
                .channelCreated(stage.channel, stage.terms),
                .deposited(stage.channel, amount: units(100), newBalance: units(100)),
                .claimed(stage.channel, amount: units(30), newTotal: units(30)),
                .settled(receiver: stage.receiver.address, token: stage.token.address, amount: units(30)),
                .refunded(stage.channel, amount: units(70)),
            ])
        try await stage.expectConserved()
    }

    @Test func `lets the payer take its money back after the delay, whatever the payee does`() async throws {
        let stage = try await Stage.open(100)
        let asked = try await stage.ledger.initiateWithdraw(
            stage.terms, amount: units(100), by: stage.payer.address)
        #expect(asked.snapshot.withdrawal == PendingWithdrawal(amount: units(100), requestedAt: Stage.noon))
        try await stage.ledger.advance(seconds: 900)
        let paid = try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.voucherKey.address)
        #expect(paid.amount == units(100))
        #expect(paid.snapshot.withdrawal == nil)
        #expect(try await stage.holds(stage.payer) == 1000)
        #expect(
            try await stage.ledger.events(after: 3, limit: 9).map(\.kind) == [
                .withdrawInitiated(
                    stage.channel, amount: units(100), finalizeAfter: Stage.noon.advanced(bySeconds: 900)),
                .withdrawFinalized(stage.channel, amount: units(100)), .channelClosed(stage.channel),
            ])
        try await stage.expectConserved()
    }

    @Test func `opens a channel again that was emptied, and keeps its refund nonce`() async throws {
        let stage = try await Stage.open(100)
        _ = try await stage.ledger.refund(stage.refundOrder(100))
        #expect(try await stage.snapshot().balance == .zero)
        let again = try await stage.ledger.deposit(stage.deposit(60, salt: 2))
        #expect(again.snapshot.refundNonce == 1)
        #expect(
            try await stage.ledger.events(after: 3, limit: 9).map(\.name) == [
                "Refunded", "ChannelClosed", "ChannelCreated", "Deposited",
            ])
        try await stage.expectConserved()
    }

    @Test func `takes vouchers by the payer's own key when the terms name no other`() async throws {
        let stage = try await Stage.funded()
        var terms = stage.terms
        terms.payerAuthorizer = .zero
        _ = try await stage.ledger.deposit(stage.deposit(100, terms: terms))
        #expect(try await stage.claim(stage.row(10, terms: terms, by: stage.payer)) == [.claimed(units(10))])
    }

    @Test func `counts amounts to the last unit of 128 bits`() async throws {
        let stage = try await Stage.funded(.max)
        _ = try await stage.ledger.deposit(stage.deposit(.max))
        #expect(try await stage.claim(stage.row(.max - 1, ceiling: .max)) == [.claimed(units(.max - 1))])
        _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(try await stage.holds(stage.receiver) == .max - 1)
        #expect(try await stage.ledger.refund(stage.refundOrder(.max)).amount == units(1))
        try await stage.expectConserved()
    }

    @Test func `adds up several channels for one receiver and pays them at once`() async throws {
        let stage = try await Stage.funded()
        var other = stage.terms
        other.salt = try #require(Hash32(Array(repeating: 9, count: 32)))
        _ = try await stage.ledger.deposit(stage.deposit(100))
        _ = try await stage.ledger.deposit(stage.deposit(100, terms: other))
        let outcomes = try await stage.claim(stage.row(10), stage.row(20, terms: other), stage.row(15))
        #expect(outcomes == [.claimed(units(10)), .claimed(units(20)), .claimed(units(5))])
        let payout = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(payout.amount == units(35))
        try await stage.expectConserved()
    }

    @Test func `a withdrawal shrinks with a refund, and goes when the refund covers it`() async throws {
        let stage = try await Stage.open(100)
        _ = try await stage.ledger.initiateWithdraw(stage.terms, amount: units(50), by: stage.payer.address)
        _ = try await stage.ledger.refund(stage.refundOrder(20, nonce: 0))
        #expect(try await stage.snapshot().withdrawal?.amount == units(30))
        _ = try await stage.ledger.refund(stage.refundOrder(30, nonce: 1))
        #expect(try await stage.snapshot().withdrawal == nil)
        try await stage.expectConserved()
    }

    @Test func `a deposit does not call off a withdrawal`() async throws {
        let stage = try await Stage.open(100)
        _ = try await stage.ledger.initiateWithdraw(stage.terms, amount: units(50), by: stage.payer.address)
        let deposit = try await stage.ledger.deposit(stage.deposit(10, salt: 2))
        #expect(deposit.snapshot.withdrawal?.amount == units(50))
    }

    @Test func `pays nothing, and says so, when nothing is owed`() async throws {
        let stage = try await Stage.open(100)
        let before = try stage.rows()
        let payout = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(payout == PayoutReceipt(transaction: nil, amount: .zero))
        #expect(try stage.rows() == before)
    }

    @Test func `checks a deposit without making it`() async throws {
        let stage = try await Stage.funded(100)
        let deposit = stage.deposit(100)
        let before = try stage.rows()
        try await stage.ledger.check(deposit)
        #expect(try stage.rows() == before)
        _ = try await stage.ledger.deposit(deposit)
        try await stage.expectRefusal(.authorizationUsed) { try await $0.ledger.check(deposit) }
    }

    @Test func `gives every transaction a name of its own, the same in every run`() async throws {
        var runs: [[TransactionID]] = []
        for _ in 0..<2 {
            let stage = try await Stage.open(100)
            for total: UInt128 in [10, 20] {
                try await stage.claim(stage.row(total))
                _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
            }
            let transactions = try await stage.ledger.events(after: 0, limit: 100).map(\.transaction)
            // The channel's creation and the first deposit are one transaction.
            #expect(Set(transactions).count == transactions.count - 1)
            runs.append(transactions)
        }
        #expect(runs.first == runs.last)
    }
}
