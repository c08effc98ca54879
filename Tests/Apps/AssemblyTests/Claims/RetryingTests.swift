// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHTTP402
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

/// A node looks every second for what it has to do, and hundreds of channels may have something that cannot be done.
@Suite("What cannot be done just now", .timeLimit(.minutes(2)))
struct RetryingTests {
    private static let message = "An effect must wait"

    /// A till of which nobody knows whether a deposit of 600 was made.
    private func till() async throws -> (Till, Customer) {
        let till = try await Till.open()
        var customer = Customer(1, of: till.payee, domain: till.ledger.domain)
        try await till.ledger.mint(to: customer.key.address, token: Payee.token.address, amount: units(1000))
        let offer = try till.offer(units(10))
        let deposit = customer.signDeposit(units(600), at: till.clock.now)
        let payment = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer).payment
        till.settlement.answerDeposits(with: .unavailable(reason: "gas is too dear"))
        await #expect(throws: SettlementError.self) { try await payment?.charge(units(10)) }
        await payment?.release()
        return (till, customer)
    }

    @Test func `is tried rarely when a deposit is in doubt for long, and told of still more rarely`() async throws {
        let (till, customer) = try await till()
        for _ in 0..<600 {
            till.clock.pass(1)
            await till.effects.retry(onlyDue: true)
        }
        // When it came, after 1, 3, 7, 15, 31 and 63 seconds, and then once a minute.
        #expect((14...16).contains(till.settlement.deposits), "\(till.settlement.deposits)")
        #expect(till.log.lines == Array(repeating: "Nobody knows yet whether a deposit is made", count: 4))
        till.settlement.answerDeposits(with: nil)
        for _ in 0..<60 {
            till.clock.pass(1)
            await till.effects.retry(onlyDue: true)
        }
        #expect(try await till.state(of: customer).phase == .idle)
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        #expect(till.effects.postponed.take().isEmpty)
    }

    @Test func `is put off by no clock that is set back`() async throws {
        let (till, _) = try await till()
        for _ in 0..<100 {
            till.clock.pass(1)
            await till.effects.retry(onlyDue: true)
        }
        let tries = till.settlement.deposits
        till.clock.pass(-3600)
        await till.effects.retry(onlyDue: true)
        #expect(till.settlement.deposits == tries + 1)
        await till.effects.retry(onlyDue: true)
        #expect(till.settlement.deposits == tries + 1)
    }

    @Test func `is tried every ten seconds at least when a payer leaves`() async throws {
        let (till, customer) = try await Till.owingClaims(1)
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock)
        #expect(try await next.effects.takeUp() == 1)
        next.settlement.setDown(true)
        for _ in 0..<900 {
            next.clock.pass(1)
            try? await next.effects.claimAsked(onlyDue: true)
        }
        #expect((88...96).contains(next.settlement.claims.count), "\(next.settlement.claims.count)")
        #expect(next.log.count(of: "Claims must wait") <= 7)
        next.settlement.setDown(false)
        for _ in 0..<10 {
            next.clock.pass(1)
            try await next.effects.claimAsked(onlyDue: true)
        }
        #expect(try await next.ledger.snapshot(of: customer.id)?.totalClaimed == units(10))
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    @Test func `is tried rarely for channels of other schemes, and is done when its time has come`() async throws {
        let book = LogBook()
        try await PrepaidShop.open(.hashChain, logger: book.logger) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let payer = try await counted.closeInVain()
            for _ in 0..<600 {
                shop.clock.pass(1)
                await counted.books.retry(onlyDue: true)
            }
            #expect((14...16).contains(counted.slow.tried), "\(counted.slow.tried)")
            #expect(book.count(of: Self.message) == 4)
            counted.slow.setDown(false)
            for _ in 0..<60 {
                shop.clock.pass(1)
                await counted.books.retry(onlyDue: true)
            }
            #expect(try await counted.outbox == 0)
            #expect(try await counted.books.engine.state(of: payer.id)?.phase == .closed)
        }
    }
}
