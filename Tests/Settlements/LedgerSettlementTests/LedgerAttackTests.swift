// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Testing

@Suite("Attacks on the ledger")
struct LedgerAttackTests {
    @Test func `a replayed authorisation takes no money twice, and is answered like the first time`() async throws {
        let stage = try await Stage.funded()
        let deposit = stage.deposit(100)
        let first = try await stage.ledger.deposit(deposit)
        try await stage.claim(stage.row(40))
        try await stage.ledger.advance(seconds: 7200)
        let before = try stage.rows()
        // Even though it has expired by now: whoever lost the first answer must learn what happened.
        let second = try await stage.ledger.deposit(deposit)
        #expect(second.transaction == first.transaction)
        #expect(second.amount == first.amount)
        #expect(second.snapshot.totalClaimed == units(40))
        #expect(try stage.rows() == before)
        #expect(try await stage.holds(stage.payer) == 900)
    }

    @Test func `one nonce moves one sum, also when the payer signs it twice with different sums`() async throws {
        let stage = try await Stage.funded()
        _ = try await stage.ledger.deposit(stage.deposit(100))
        try await stage.expectRefusal(.authorizationUsed) { _ = try await $0.ledger.deposit($0.deposit(200)) }
    }

    @Test func `an authorisation for one channel opens no other`() async throws {
        let stage = try await Stage.funded()
        try await stage.expectRefusal(.authorizationSignature) { stage in
            var stolen = stage.deposit(100)
            stolen.terms.receiver = stage.stranger.address
            stolen.terms.receiverAuthorizer = stage.stranger.address
            _ = try await stage.ledger.deposit(stolen)
        }
    }

    @Test func `a replayed batch books nothing twice`() async throws {
        let stage = try await Stage.open(100)
        let rows = [stage.row(30)]
        let authorization = stage.authorization(of: rows)
        _ = try await stage.ledger.claim(rows, authorization: authorization)
        let before = try stage.rows()
        let second = try await stage.ledger.claim(rows, authorization: authorization)
        #expect(second.outcomes == [.alreadyClaimed])
        #expect(try stage.rows() == before)
    }

    @Test func `an old voucher takes nothing back from the receiver`() async throws {
        let stage = try await Stage.open(100)
        try await stage.claim(stage.row(60))
        #expect(try await stage.claim(stage.row(20, ceiling: 20)) == [.alreadyClaimed])
        #expect(try await stage.snapshot().totalClaimed == units(60))
    }

    @Test func `nobody claims somebody else's channel for himself`() async throws {
        let stage = try await Stage.open(100)
        // The thief signs as authorizer of terms that are his own: they name another channel, and it is empty.
        var thiefs = stage.terms
        thiefs.receiver = stage.stranger.address
        thiefs.receiverAuthorizer = stage.stranger.address
        var stolen = stage.row(50)
        stolen.terms = thiefs
        let before = try stage.rows()
        #expect(
            try await stage.claim(stolen, by: stage.stranger)
                == [.refused(.claimExceedsBalance(total: units(50), balance: .zero))])
        try await stage.expectRefusal(.claimSignature) { try await $0.claim($0.row(50), by: $0.stranger) }
        #expect(try stage.rows() == before)
    }

    @Test func `a voucher for one channel is worth nothing in another of the same people`() async throws {
        let stage = try await Stage.open(100)
        var other = stage.terms
        other.salt = try #require(Hash32(Array(repeating: 5, count: 32)))
        _ = try await stage.ledger.deposit(stage.deposit(100, terms: other))
        var moved = stage.row(50)
        moved.terms = other
        #expect(try await stage.claim(moved) == [.refused(.voucherSignature)])
    }

    @Test func `a payee books no more than the voucher allows, nor than is there`() async throws {
        let stage = try await Stage.open(100)
        // A voucher for 40, and a ceiling that the payee wrote over it.
        var forged = stage.row(40)
        (forged.ceiling, forged.total) = (units(90), units(90))
        #expect(try await stage.claim(forged) == [.refused(.voucherSignature)])
        var over = stage.row(40)
        over.total = units(41)
        #expect(
            try await stage.claim(over)
                == [.refused(.claimExceedsCeiling(total: units(41), ceiling: units(40)))])
        #expect(
            try await stage.claim(stage.row(1000))
                == [.refused(.claimExceedsBalance(total: units(1000), balance: units(100)))])
        #expect(try await stage.snapshot().totalClaimed == .zero)
    }

    @Test func `a rotten neighbour does not poison the batch`() async throws {
        let stage = try await Stage.funded()
        var second = stage.terms
        second.salt = try #require(Hash32(Array(repeating: 5, count: 32)))
        var never = stage.terms
        never.withdrawDelay = .max
        _ = try await stage.ledger.deposit(stage.deposit(100))
        _ = try await stage.ledger.deposit(stage.deposit(100, terms: second))
        let outcomes = try await stage.claim(
            stage.row(10, by: stage.stranger), stage.row(20), stage.row(5, terms: never), stage.row(0),
            stage.row(30, terms: second), stage.row(200))
        #expect(
            outcomes == [
                .refused(.voucherSignature), .claimed(units(20)),
                .refused(.claimExceedsBalance(total: units(5), balance: .zero)), .alreadyClaimed,
                .claimed(units(30)), .refused(.claimExceedsBalance(total: units(200), balance: units(100))),
            ])
        try await stage.expectConserved()
    }

    @Test func `a replayed refund pays nothing`() async throws {
        let stage = try await Stage.open(100)
        let order = stage.refundOrder(30)
        _ = try await stage.ledger.refund(order)
        try await stage.expectRefusal(.refundNonce(given: 0, expected: 1)) { _ = try await $0.ledger.refund(order) }
    }

    @Test func `a refund that found nothing to pay does not wait for the next deposit`() async throws {
        let stage = try await Stage.funded()
        let order = stage.refundOrder(30)
        let receipt = try await stage.ledger.refund(order)
        #expect(receipt.amount == .zero)
        #expect(receipt.snapshot.refundNonce == 1)
        #expect(try await stage.ledger.snapshot(of: stage.channel) == nil)
        _ = try await stage.ledger.deposit(stage.deposit(100))
        try await stage.expectRefusal(.refundNonce(given: 0, expected: 1)) { _ = try await $0.ledger.refund(order) }
        try await stage.expectConserved()
    }

    @Test func `a refund gives back only what is not claimed`() async throws {
        let stage = try await Stage.open(100)
        try await stage.claim(stage.row(60))
        #expect(try await stage.ledger.refund(stage.refundOrder(100)).amount == units(40))
        _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(try await stage.holds(stage.receiver) == 60)
        try await stage.expectConserved()
    }

    @Test func `a payer who runs gets only what the payee left`() async throws {
        let stage = try await Stage.open(100)
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(100), by: stage.payer.address)
        try await stage.ledger.advance(seconds: 899)
        #expect(try await stage.claim(stage.row(80)) == [.claimed(units(80))])
        try await stage.ledger.advance(seconds: 1)
        let paid = try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.payer.address)
        #expect(paid.amount == units(20))
        _ = try await stage.ledger.settle(receiver: stage.receiver.address, token: stage.token.address)
        #expect(try await stage.holds(stage.receiver) == 80)
        try await stage.expectConserved()
    }

    @Test func `a payee may even take everything, and the withdrawal then pays nothing`() async throws {
        let stage = try await Stage.open(100)
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(100), by: stage.payer.address)
        try await stage.claim(stage.row(100))
        try await stage.ledger.advance(seconds: 900)
        let paid = try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.payer.address)
        #expect(paid.amount == .zero)
        #expect(paid.snapshot.withdrawal == nil)
        try await stage.expectConserved()
    }

    @Test func `a payee who sleeps past the delay has lost`() async throws {
        let stage = try await Stage.open(100)
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(100), by: stage.payer.address)
        try await stage.ledger.advance(seconds: 900)
        try await stage.ledger.finalizeWithdraw(stage.terms, by: stage.payer.address)
        #expect(
            try await stage.claim(stage.row(80))
                == [.refused(.claimExceedsBalance(total: units(80), balance: .zero))])
        try await stage.expectConserved()
    }

    @Test func `a payee who sleeps past the delay may still claim before the payer wakes`() async throws {
        let stage = try await Stage.open(100)
        try await stage.ledger.initiateWithdraw(stage.terms, amount: units(100), by: stage.payer.address)
        try await stage.ledger.advance(seconds: 9000)
        #expect(try await stage.claim(stage.row(80)) == [.claimed(units(80))])
    }

    @Test func `a node that is told to stop moves nothing`() async throws {
        let stage = try await Stage.funded()
        let before = try stage.rows()
        let deposit = stage.deposit(100)
        let task = Task { () async -> SettlementError? in
            withUnsafeCurrentTask { $0?.cancel() }
            do throws(SettlementError) {
                _ = try await stage.ledger.deposit(deposit)
                return nil
            } catch {
                return error
            }
        }
        #expect(await task.value == .cancelled)
        #expect(try stage.rows() == before)
    }
}
