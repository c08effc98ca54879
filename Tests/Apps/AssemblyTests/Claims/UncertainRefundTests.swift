// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

/// What a payer could gain: it spends what the ledger is about to give back to it.
@Suite("A refund of which nobody knows whether it is made", .timeLimit(.minutes(2)))
struct UncertainRefundTests {
    private static let answers: [SettlementError] = [.unavailable(reason: "not mined yet"), .cancelled]

    /// A till, and a payer of 1000 that was charged 10 and asks for the rest, which the settlement does not confirm.
    private func till(_ answer: SettlementError) async throws -> (Till, Customer) {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.answerRefunds(with: answer)
        let offer = try till.offer(units(10))
        let payload = customer.askBack(offer)
        await #expect(throws: answer) { try await till.desk.admit(payload, for: offer) }
        #expect(till.settlement.refunds == 1)
        guard case .refunding = try await till.state(of: customer).phase else {
            Issue.record("the channel is not refunding any more")
            return (till, customer)
        }
        return (till, customer)
    }

    private func expectDone(_ till: Till, _ customer: Customer) async throws {
        let state = try await till.state(of: customer)
        #expect(state.phase == .idle)
        #expect(state.ledger.balance == units(10), "the payee has what it earned, and the payer has the rest")
        #expect(try await till.ledger.balance(of: customer.key.address, token: Payee.token.address) == units(990))
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        #expect(try await till.admit(customer, units(10)).payment == nil, "nothing is left to pay with")
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test(arguments: answers)
    func `keeps the payer from spending what is given back after all`(_ answer: SettlementError) async throws {
        let (till, customer) = try await till(answer)
        #expect(try await till.admit(customer, units(500)).payment == nil)
        try await till.settlement.makeSentRefunds()
        #expect(try await till.admit(customer, units(500)).payment == nil)
        till.settlement.answerRefunds(with: nil)
        try await till.catchUp()
        try await expectDone(till, customer)
    }

    @Test(arguments: answers)
    func `is made later when it got lost on the way`(_ answer: SettlementError) async throws {
        let (till, customer) = try await till(answer)
        await till.effects.retry()
        #expect(till.settlement.refunds == 2)
        #expect(try await till.admit(customer, units(500)).payment == nil, "still nobody knows")
        till.settlement.answerRefunds(with: nil)
        await till.effects.retry()
        try await expectDone(till, customer)
    }

    @Test(arguments: answers)
    func `is found out after a restart`(_ answer: SettlementError) async throws {
        let (till, customer) = try await till(answer)
        try await till.settlement.makeSentRefunds()
        try await expectDone(try await till.reopened(), customer)
    }

    @Test func `takes payments again once the settlement says no`() async throws {
        let (till, customer) = try await till(.unavailable(reason: "not mined yet"))
        till.settlement.answerRefunds(with: .refused(code: "reverted", message: nil))
        await till.effects.retry()
        #expect(try await till.state(of: customer).phase == .idle)
        #expect(try await till.admit(customer, units(10)).payment != nil)
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    @Test func `goes on when the payer hangs up`() async throws {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.slowRefunds()
        let offer = try till.offer(units(10))
        let asking = Task { [customer] in try await till.desk.admit(customer.askBack(offer), for: offer) }
        while till.settlement.refunds == 0 { try await Task.sleep(for: .milliseconds(5)) }
        asking.cancel()
        _ = await asking.result
        #expect(till.settlement.refunds == 1)
        try await expectDone(till, customer)
    }
}
