// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingPrimitives
import FarthingTwoWayScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("Copies of one payment, sent at once, cost the payee one transaction", .timeLimit(.minutes(1)))
struct CopiesTests {
    private static let copies = 40

    /// A channel out of which a request was paid for, and what asks for its end.
    private func paid(
        at shop: PrepaidShop
    ) async throws -> (CountedDesk<HashChainChannel>, HashChainPayer, PrepaidPayload<HashChainChannel>) {
        let counted = try CountedDesk<HashChainChannel>(shop)
        var payer = try shop.channel()
        let funding = try shop.funding(payer.id, with: payer.terms.deposit)
        #expect(try await counted.pay(.open(payer.terms, funding, asked(&payer, 0))) == nil)
        return (counted, payer, .close(payer.id, UnverifiedHashChainStep(payer.revealed)))
    }

    private func asked(_ payer: inout HashChainPayer, _ request: UInt64) throws -> UnverifiedHashChainStep {
        let step = try payer.apply(.paymentAsked(ReservationID(request), price: PrepaidShop.price, longest: 100))
        return UnverifiedHashChainStep(try #require(step))
    }

    @Test func `when they bring a deposit`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop, DepositRules())
            var payer = try shop.channel(steps: 20)
            let funding = try shop.funding(payer.id, with: payer.terms.deposit)
            let payload = PrepaidPayload<HashChainChannel>.open(payer.terms, funding, try asked(&payer, 0))
            // To the token it is the same deposit, whatever else its payer has signed.
            var other = funding
            other.authorization.validBefore += 1
            let digest = try shop.domain.depositDigest(other, of: payer.id, token: PrepaidShop.token.domain)
            other.authorization.signature = shop.buyer.signNow(digest)
            guard case .open(let terms, _, let step) = payload else { return }
            let admitted = try await counted.together(
                Self.copies, of: payload, .open(terms, other, step), isWanted: { $0.payment != nil })
            #expect(counted.slow.funded == 1)
            #expect(admitted == 1, "it pays for one request")
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `when they take a seat`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            let counted = try CountedDesk<LotteryChannel>(shop)
            var payer = try shop.lottery()
            let funding = try shop.funding(payer.id, with: payer.terms.opening)
            _ = try await shop.ledger.fund(LotteryContract.self, payer.terms, with: funding)
            let seat = try shop.asked(&payer, 0)
            let told = try await counted.together(
                Self.copies, of: .payment(payer.id, seat), isWanted: { $0.refusal == "invalid_lottery_commitment" })
            #expect(counted.slow.ordered == [payer.id])
            #expect(told == Self.copies, "all learn what the next ticket is drawn with")
        }
    }

    @Test func `when they ask for the end of a hash chain`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let (counted, first, close) = try await paid(at: shop)
            var payer = first
            // One that proves nothing is told so, and has no share in what others asked for.
            let anchor = UnverifiedHashChainStep(HashChainStep(index: 0, value: payer.terms.anchor))
            #expect(try await counted.admit(.close(payer.id, anchor)).refusal == "invalid_hash_chain_close_unproven")
            // Its payer can show many steps.
            let next = PrepaidPayload<HashChainChannel>.close(payer.id, try asked(&payer, 1))
            let closed = try await counted.together(Self.copies, of: close, next, isWanted: Self.isSettled)
            #expect(closed > 0)
            #expect(counted.slow.ordered == [payer.id])
            #expect(try await counted.outbox == 0)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `when they ask for the end of a two-way channel`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            let counted = try CountedDesk<TwoWayChannel>(shop)
            let (payer, close) = try await ended(at: counted)
            let closed = try await counted.together(Self.copies, of: close, isWanted: Self.isSettled)
            #expect(closed > 0)
            #expect(counted.slow.ordered == [payer.id])
            #expect(try await counted.outbox == 0)
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test
    func `and leave one order behind while nothing can be carried out, which is tried when it is asked for again`()
        async throws
    {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let (counted, payer, close) = try await paid(at: shop)
            counted.slow.setDown(true)
            for _ in 0..<Self.copies { #expect(try await counted.admit(close).deferral != nil) }
            #expect(try await counted.outbox == 1)
            counted.slow.setDown(false)
            #expect(Self.isSettled(try await counted.admit(close)))
            #expect(try await counted.outbox == 0)
            #expect(counted.slow.ordered == [payer.id])
        }
    }

    private static func isSettled(_ admission: Admission) -> Bool {
        if case .settled = admission { true } else { false }
    }

    /// A channel with one payment, and what its payer says to end it.
    private func ended(
        at counted: CountedDesk<TwoWayChannel>
    ) async throws -> (TwoWayPayer, PrepaidPayload<TwoWayChannel>) {
        let (shop, payer) = (counted.shop, try counted.shop.twoWayChannel())
        var asking = payer
        let payment = try shop.asked(&asking, 0)
        let funding = try shop.funding(payer.id, with: payer.terms.firstDeposit)
        #expect(try await counted.pay(.open(payer.terms, funding, payment)) == nil)
        return (payer, .close(payer.id, try shop.signed(payment.state, of: payer.id, isClose: true)))
    }
}
