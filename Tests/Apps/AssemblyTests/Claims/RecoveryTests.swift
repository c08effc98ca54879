// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

@Suite("What a crash left undone", .timeLimit(.minutes(2)))
struct RecoveryTests {
    @Test func `is run once, and ends when the store cannot let go of it`() async throws {
        let (till, customer) = try await Till.owingClaims(3)
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock)
        next.store.setAcknowledges(false)
        await #expect(throws: FaultyStore.failure) { try await next.effects.recover() }
        #expect(try await next.ledger.snapshot(of: customer.id)?.totalClaimed == units(10))
        next.store.setAcknowledges(true)
        #expect(try await next.effects.recover() == 3)
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    @Test func `is run once where the work is done and only its note stays`() async throws {
        let till = try await Till.open()
        var customer = Customer(1, of: till.payee, domain: till.ledger.domain)
        try await till.ledger.mint(to: customer.key.address, token: Payee.token.address, amount: units(1000))
        let offer = try till.offer(units(50))
        let deposit = customer.signDeposit(units(500), at: till.clock.now)
        let payment = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer).payment
        // Dead after the commit that asks for the deposit.
        till.store.die(after: 1)
        await #expect(throws: (any Error).self) { try await payment?.charge(units(50)) }
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock)
        next.store.setAcknowledges(false)
        // The deposit is concluded although it stays in the outbox; this used to go round for ever.
        #expect(try await next.effects.recover() == 1)
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).count == 1)
        #expect(try await next.state(of: customer).ledger.balance == units(500))
        next.store.setAcknowledges(true)
        await next.effects.retry()
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    @Test func `waits for a settlement that is down, and does not keep the node from starting`() async throws {
        let (till, customer) = try await Till.owingClaims(3)
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock)
        next.settlement.setDown(true)
        #expect(try await next.effects.recover() == 3)
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).count == 3)
        next.settlement.setDown(false)
        await next.effects.retry()
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).isEmpty)
        #expect(try await next.ledger.snapshot(of: customer.id)?.totalClaimed == units(10))
    }

    @Test func `is taken up where the settlement hangs, and meanwhile payments are taken and leavers are seen`()
        async throws
    {
        var (till, customer) = try await Till.owingClaims(3)
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock, payee: till.payee)
        next.settlement.claimBarrier.lower()
        #expect(try await next.effects.takeUp() == 3)
        async let retried: Void = next.effects.retry()
        await next.settlement.claimBarrier.hold(1)
        try await next.sell(to: &customer, for: units(20))
        try await next.watch()
        next.settlement.claimBarrier.lift()
        await retried
        #expect(try await next.store.pendingEffects(after: nil, limit: 10).isEmpty)
        #expect(try await next.ledger.snapshot(of: customer.id)?.totalClaimed == units(10))
    }
}
