// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

/// What a payer would lose: it is told that its deposit failed, makes another, and both are taken.
@Suite("A deposit of which nobody knows whether it is made", .timeLimit(.minutes(2)))
struct UncertainDepositTests {
    private static let answers: [SettlementError] = [.unavailable(reason: "not mined yet"), .cancelled]

    /// A till, and a payer of 1000 whose deposit of 600 pays for a request of 10, and is not confirmed.
    private func till(_ answer: SettlementError) async throws -> (Till, Customer) {
        let (till, customer, payment, _) = try await admitted()
        till.settlement.answerDeposits(with: answer)
        await #expect(throws: answer) { try await payment.charge(units(10)) }
        await payment.release()
        #expect(till.settlement.deposits == 1)
        guard case .depositing = try await till.state(of: customer).phase else {
            Issue.record("the channel is not depositing any more")
            return (till, customer)
        }
        #expect(till.reserved.isZero, "what was set aside for the request is free")
        return (till, customer)
    }

    private func admitted() async throws -> (Till, Customer, any AdmittedPayment, PaymentPayload) {
        let till = try await Till.open()
        var customer = Customer(1, of: till.payee, domain: till.ledger.domain)
        try await till.ledger.mint(to: customer.key.address, token: Payee.token.address, amount: units(1000))
        let offer = try till.offer(units(10))
        let deposit = customer.signDeposit(units(600), at: till.clock.now)
        let payload = customer.pay(offer, depositing: deposit)
        let payment = try await till.desk.admit(payload, for: offer).payment
        return (till, customer, try #require(payment), payload)
    }

    /// The deposit is there once, nothing is charged for the answer that was withheld, and the channel pays.
    private func expectDone(_ till: Till, _ customer: Customer) async throws {
        var customer = customer
        let state = try await till.state(of: customer)
        #expect(state.phase == .idle)
        #expect(state.ledger.balance == units(600))
        #expect(state.charged.isZero)
        #expect(try await till.ledger.balance(of: customer.key.address, token: Payee.token.address) == units(400))
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        try await till.sell(to: &customer, for: units(10))
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test(arguments: answers)
    func `is not called failed, and no other is taken meanwhile`(_ answer: SettlementError) async throws {
        var (till, customer) = try await till(answer)
        let offer = try till.offer(units(10))
        let second = customer.signDeposit(units(300), at: till.clock.now)
        let again = try await till.desk.admit(customer.pay(offer, depositing: second), for: offer)
        #expect(again.refusal == "invalid_batch_settlement_evm_channel_busy")
        #expect(till.settlement.deposits == 2, "it was asked once more what became of the first")
        try await till.settlement.makeSentDeposits()
        till.settlement.answerDeposits(with: nil)
        try await till.catchUp()
        try await expectDone(till, customer)
    }

    @Test(arguments: answers)
    func `is made later when it got lost on the way`(_ answer: SettlementError) async throws {
        let (till, customer) = try await till(answer)
        await till.effects.retry()
        #expect(till.settlement.deposits == 2)
        #expect(try await till.admit(customer, units(10)).payment == nil, "still nobody knows")
        till.settlement.answerDeposits(with: nil)
        await till.effects.retry()
        try await expectDone(till, customer)
    }

    @Test(arguments: answers)
    func `is found out when the payer comes again with the same`(_ answer: SettlementError) async throws {
        let (till, customer, payment, payload) = try await admitted()
        till.settlement.answerDeposits(with: answer)
        await #expect(throws: answer) { try await payment.charge(units(10)) }
        await payment.release()
        try await till.settlement.makeSentDeposits()
        till.settlement.answerDeposits(with: nil)
        let offer = try till.offer(units(10))
        let again = try await till.desk.admit(payload, for: offer).payment
        let settled = try await again?.charge(units(10))
        #expect(settled?.success == true)
        let state = try await till.state(of: customer)
        #expect(state.ledger.balance == units(600), "it was taken once")
        #expect(state.charged == units(10))
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    @Test(arguments: answers)
    func `is found out after a restart`(_ answer: SettlementError) async throws {
        let (till, customer) = try await till(answer)
        try await till.settlement.makeSentDeposits()
        try await expectDone(try await till.reopened(), customer)
    }

    @Test func `is given up once the settlement says no, and another may be made`() async throws {
        var (till, customer) = try await till(.unavailable(reason: "not mined yet"))
        till.settlement.answerDeposits(with: .refused(code: "reverted", message: nil))
        await till.effects.retry()
        #expect(try await till.state(of: customer).phase == .idle)
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        till.settlement.answerDeposits(with: nil)
        let offer = try till.offer(units(10))
        let second = customer.signDeposit(units(600), at: till.clock.now)
        let payment = try await till.desk.admit(customer.pay(offer, depositing: second), for: offer).payment
        let settled = try await payment?.charge(units(10))
        #expect(settled?.success == true)
        #expect(try await till.state(of: customer).ledger.balance == units(600))
    }

    @Test func `counts when it was made although the settlement says no in the end`() async throws {
        let (till, customer) = try await till(.unavailable(reason: "not mined yet"))
        try await till.settlement.makeSentDeposits()
        till.settlement.answerDeposits(with: .authorizationUsed)
        await till.effects.retry()
        try await expectDone(till, customer)
    }

    @Test func `goes on when the payer hangs up`() async throws {
        let (till, customer, payment, _) = try await admitted()
        till.settlement.slowDeposits()
        let asking = Task { try await payment.charge(units(10)) }
        while till.settlement.deposits == 0 { try await Task.sleep(for: .milliseconds(5)) }
        asking.cancel()
        _ = await asking.result
        #expect(till.settlement.deposits == 1)
        let state = try await till.state(of: customer)
        #expect(state.phase == .idle)
        #expect(state.ledger.balance == units(600))
        #expect(state.charged == units(10))
    }
}
