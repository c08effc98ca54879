// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@testable import FarthingLedgerSettlement

/// The whole way of a lot, with the books of both sides and nobody who helps them.
@Suite("A lot on the ledger, from the deposit to its end")
struct LedgerLotTests {
    @Test func `is drawn, and one ticket wins the value of all`() async throws {
        var lot = try await Lot()
        for payee in [0, 1, 0, 1] { try await lot.pay(payee) }
        #expect(lot.payer.left == 0)
        #expect(lot.payees.map(\.earned) == [units(20), units(20)])
        #expect(try await lot.payerActs() == [])
        #expect(try await lot.state().secret == Stage.nonce(9), "it revealed at once")
        #expect(try await lot.acts(0) == [], "nobody can say yet who wins")
        try await lot.stage.ledger.advance(blocks: 10)
        let payouts = try await lot.acts(1)
        let winner = try #require(payouts.first?.receiver)
        #expect(payouts == [Payout(to: winner, units(40))])
        #expect(try await lot.acts(0) == [])
        for (payee, party) in [lot.stage.receiver, lot.stage.stranger].enumerated() {
            let held = try await lot.stage.holds(party)
            try lot.payees[payee].paidOut(units(held))
            #expect(lot.payees[payee].outcome == (party.address == winner ? .won(units(40)) : .lost))
            #expect(held == (party.address == winner ? 40 : 0))
            #expect(try await lot.acts(payee) == [], "nothing is left to do")
        }
        #expect(try await lot.stage.holds(lot.stage.payer) == 960)
        try await lot.stage.expectConserved()
    }

    @Test func `is shared out when the payer is silent, and the rest comes back`() async throws {
        var lot = try await Lot()
        for payee in [0, 1] { try await lot.pay(payee) }
        lot.stage.clock.set(Stage.noon.advanced(bySeconds: 2000))
        #expect(try await lot.acts(0) == [])
        #expect(try await lot.state().awaitedBlock != nil, "it was closed")
        #expect(try await lot.acts(1) == [], "the payer may still reveal")
        try await lot.stage.ledger.advance(blocks: 11)
        let payouts = try await lot.acts(1)
        #expect(
            payouts == [
                Payout(to: lot.stage.receiver.address, units(10)), Payout(to: lot.stage.stranger.address, units(10)),
                Payout(to: lot.stage.payer.address, units(20)),
            ])
        for (payee, party) in [lot.stage.receiver, lot.stage.stranger].enumerated() {
            _ = try await lot.acts(payee)
            #expect(lot.payees[payee].outcome == .shared(units(10)))
            #expect(try await lot.stage.holds(party) == 10)
        }
        #expect(try await lot.payerActs() == [])
        #expect(lot.payer.rest == units(20))
        #expect(try await lot.stage.holds(lot.stage.payer) == 980)
        try await lot.stage.expectConserved()
    }
}

/// A lot of four tickets, ten units each, that the stage's payer opens to pay two payees.
private struct Lot {
    let stage: Stage
    let domain: ContractDomain
    let terms: LotTerms
    var payer: LotPayer
    /// The stage's receiver, and its stranger.
    var payees: [LotPayee]

    init() async throws {
        stage = try await Stage.funded()
        domain = try #require(stage.ledger.contractDomain(of: .lot))
        terms = LotTerms(
            payer: stage.payer.address, token: stage.token.address, ticketCount: 4, ticketValue: units(10),
            commitment: .zero, closesAt: UInt64(Stage.noon.unixSeconds) + 2000, revealBlocks: 10, salt: Stage.nonce(1)
        ).promising(Stage.nonce(9), in: domain)
        payer = try LotPayer(terms, secret: Stage.nonce(9), in: domain)
        payees = [
            try LotPayee(terms, payee: stage.receiver.address, in: domain),
            try LotPayee(terms, payee: stage.stranger.address, in: domain),
        ]
        let leave = UnsignedFunding(
            payer: stage.payer.address, amount: units(40), validBefore: UInt64(Stage.noon.unixSeconds) + 3600,
            salt: Stage.nonce(1))
        let digest = domain.depositDigest(leave, on: terms, token: stage.token.domain)
        let funding = leave.signed(stage.payer.sign(digest))
        let receipt = try await stage.ledger.fund(LotContract.self, terms, with: funding)
        try payer.observe(receipt.snapshot)
    }

    private func snapshot() async throws -> ContractSnapshot<LotContract> {
        try #require(try await stage.ledger.contract(LotContract.self, of: payer.id))
    }

    func state() async throws -> LotContract { try await snapshot().state }

    /// The payer gives a payee a ticket, who enters it; both come back from what they stored.
    mutating func pay(_ payee: Int) async throws {
        let snapshot = try await snapshot()
        let ticket = try payer.give(to: payees[payee].payee, at: snapshot.block.time)
        payer = try LotPayer(stored: payer.stored)
        let signature = stage.payer.sign(ticket.digest(for: payer.id, in: domain))
        let payment = try UnverifiedLotPayment(terms: terms, ticket: ticket, signature: signature)
            .verified(in: domain)
        let policy = LotPayee.Policy(token: stage.token.address, mostValue: units(40))
        let order = try payees[payee].take(
            payment, for: units(10), under: policy, in: snapshot, at: snapshot.block.time)
        payees[payee] = try LotPayee(stored: payees[payee].stored)
        let before = payees[payee].earned
        _ = try await handIn([order])
        try await observe()
        #expect(payees[payee].earned == before.adding(units(10)))
    }

    private mutating func observe() async throws {
        let snapshot = try await snapshot()
        try payer.observe(snapshot)
        for payee in payees.indices { try payees[payee].observe(snapshot) }
    }

    /// The payer hands in what its books say, and what was paid for it comes back.
    mutating func payerActs() async throws -> [Payout] {
        try await observe()
        return try await handIn(payer.orders(at: stage.ledger.head()))
    }

    /// The same for a payee.
    mutating func acts(_ payee: Int) async throws -> [Payout] {
        try await observe()
        return try await handIn(payees[payee].orders(at: stage.ledger.head()))
    }

    private func handIn(_ orders: [LotContract.Order]) async throws -> [Payout] {
        var payouts: [Payout] = []
        for order in orders {
            payouts += try await stage.ledger.carryOut(order, on: payer.id, under: LotContract.self).payouts
        }
        return payouts
    }
}
