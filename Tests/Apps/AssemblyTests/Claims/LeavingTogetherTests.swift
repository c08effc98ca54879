// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

@Suite("Payers who leave together", .timeLimit(.minutes(2)))
struct LeavingTogetherTests {
    /// A till at which so many payers were charged, who all ask for their money now.
    private func left(_ count: Int) async throws -> (till: Till, leavers: [Customer]) {
        let till = try await Till.open()
        var leavers: [Customer] = []
        for number in 0..<count {
            var customer = try await till.customer(UInt64(number), holding: units(1000))
            try await till.sell(to: &customer, for: units(10))
            try await till.ledger.initiateWithdraw(customer.terms, amount: units(1000), by: customer.key.address)
            leavers.append(customer)
        }
        return (till, leavers)
    }

    private func expectPaid(_ leavers: [Customer], by till: Till) async throws {
        try await till.ledger.advance(seconds: 900)
        for leaver in leavers {
            let gone = try await till.ledger.finalizeWithdraw(leaver.terms, by: leaver.key.address)
            #expect(gone.amount == units(990))
        }
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 1000).isEmpty)
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test func `are claimed from in few transactions that wait for each other's blocks together`() async throws {
        let (till, leavers) = try await left(230)
        till.settlement.claimBarrier.lower()
        async let answered: Void = till.catchUp()
        // All three are on their way before the first has been mined.
        await till.settlement.claimBarrier.hold(3)
        till.settlement.claimBarrier.lift()
        try await answered
        #expect(till.settlement.claims.map(\.count).sorted() == [30, 100, 100])
        try await expectPaid(leavers, by: till)
    }

    @Test func `are claimed from together also after the node was down`() async throws {
        let (till, leavers) = try await left(120)
        till.settlement.setDown(true)
        await #expect(throws: SettlementError.self) { try await till.catchUp() }
        // The effects lie in the outbox of a new process, whose settlement is back.
        let next = try await till.reopened()
        #expect(next.settlement.claims.map(\.count).sorted() == [20, 100])
        try await expectPaid(leavers, by: next)
    }

    @Test func `are not held up by one whose row is not taken`() async throws {
        let (till, leavers) = try await left(12)
        till.settlement.poison([leavers[5].id])
        try await till.catchUp()
        for (number, leaver) in leavers.enumerated() {
            let claimed = try await till.ledger.snapshot(of: leaver.id)?.totalClaimed
            #expect(claimed == (number == 5 ? .zero : units(10)))
        }
    }
}
