// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingLotteryScheme
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("What a contract refuses for good", .timeLimit(.minutes(1)))
struct RefusedForGoodTests {
    @Test func `a ticket that won and expired unpaid makes way for those behind it`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            let (counted, first) = try await seated(at: shop)
            var payer = first
            // From here on nothing can be redeemed, and the first that wins lies there for an hour.
            counted.slow.setDown(true)
            try await buy(&payer, 1...100, at: counted, untilWinners: 1)
            shop.clock.pass(3500)
            try await buy(&payer, 101...200, at: counted, untilWinners: 3)
            shop.clock.pass(200)
            let ordered = counted.slow.ordered.count
            counted.slow.setDown(false)
            await counted.books.retry()
            #expect(try await counted.books.engine.state(of: payer.id)?.unredeemed == [])
            #expect(try await shop.paid(payer) == units(4000), "each of the two behind it wins 2,000")
            #expect(try await counted.outbox == 0)
            await counted.books.retry()
            #expect(counted.slow.ordered.count == ordered + 3, "and nobody asks for the first again")
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `the close of a hash chain that its payer has emptied is tried no more`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let payer = try await counted.closeInVain()
            #expect(try await counted.outbox == 1)
            shop.clock.pass(86_401)
            _ = try await shop.ledger.carryOut(.reclaim, on: payer.id, under: HashChainContract.self)
            counted.slow.setDown(false)
            for _ in 0..<3 { await counted.books.retry() }
            #expect(counted.slow.ordered.count == 1)
            #expect(try await counted.outbox == 0)
            #expect(try await counted.books.engine.state(of: payer.id)?.phase == .closed)
        }
    }

    @Test func `what cannot be reached waits, and nothing is given up`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            let (counted, first) = try await seated(at: shop)
            var payer = first
            counted.slow.setDown(true)
            try await buy(&payer, 1...100, at: counted, untilWinners: 2)
            await counted.books.retry()
            #expect(try await counted.books.engine.state(of: payer.id)?.unredeemed.count == 2)
            #expect(try await counted.outbox == 1, "the second follows when the first is paid")
            counted.slow.setDown(false)
            await counted.books.retry()
            #expect(try await shop.paid(payer) == units(4000))
            #expect(try await counted.outbox == 0)
        }
    }

    @Test func `what a crash left undone is taken up at the start, and waited for by nobody`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let payer = try await counted.closeInVain()
            let next = try CountedDesk<HashChainChannel>(shop, store: counted.store)
            next.slow.barrier.lower()
            try await next.books.open(finishes: false)
            #expect(next.slow.ordered.isEmpty)
            #expect(try await next.outbox == 1)
            async let trouble = next.books.retry()
            await next.slow.barrier.hold(1)
            next.slow.barrier.lift()
            #expect(await trouble == nil)
            #expect(try await next.outbox == 0)
            #expect(try await next.books.engine.state(of: payer.id)?.phase == .closed)
        }
    }

    // MARK: - Buying

    /// A payer whose seat is taken.
    private func seated(at shop: PrepaidShop) async throws -> (CountedDesk<LotteryChannel>, LotteryPayer) {
        let counted = try CountedDesk<LotteryChannel>(shop)
        var payer = try shop.lottery()
        let funding = try shop.funding(payer.id, with: payer.terms.opening)
        _ = try await shop.ledger.fund(LotteryContract.self, payer.terms, with: funding)
        try await buy(&payer, 0, at: counted)
        return (counted, payer)
    }

    /// Sends tickets until so many that won wait; that none of a hundred does happens once in 2^100 times.
    private func buy(
        _ payer: inout LotteryPayer, _ requests: ClosedRange<UInt64>, at counted: CountedDesk<LotteryChannel>,
        untilWinners count: Int
    ) async throws {
        for request in requests {
            try await buy(&payer, request, at: counted)
            if try await counted.books.engine.state(of: payer.id)?.unredeemed.count == count { return }
        }
        Issue.record("too few tickets have won")
    }

    private func buy(
        _ payer: inout LotteryPayer, _ request: UInt64, at counted: CountedDesk<LotteryChannel>
    ) async throws {
        switch try await counted.admit(.payment(payer.id, counted.shop.asked(&payer, request))) {
        case .admitted(let payment):
            let response = try await payment.charge(PrepaidShop.price)
            try counted.shop.told(&payer, request, .served(response.extra ?? [:]))
        case .refused(let refusal):
            let state = refusal.correction?["channelState"]
            try counted.shop.told(&payer, request, .refused(code: refusal.code, correction: state))
        case .settled, .deferred: Issue.record("neither admitted nor refused")
        }
    }
}
