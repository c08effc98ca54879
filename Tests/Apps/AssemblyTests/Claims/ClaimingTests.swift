// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

@Suite("A cashier", .timeLimit(.minutes(2)))
struct ClaimingTests {
    private let everything = ClaimSchedule(age: 0)

    /// So many customers, each of whom has been charged once.
    private func customers(
        _ count: Int, of till: Till, price: (Int) -> Amount = { _ in units(10) }
    ) async throws -> [Customer] {
        var customers: [Customer] = []
        for number in 0..<count {
            var customer = try await till.customer(UInt64(number), holding: units(1000))
            try await till.sell(to: &customer, for: price(number))
            customers.append(customer)
        }
        return customers
    }

    @Test func `claims what is worth it and leaves the rest`() async throws {
        let till = try await Till.open()
        let customers = try await customers(4, of: till) { units(UInt128(10 * ($0 + 1))) }
        let report = try await till.cashier.claimDue(ClaimSchedule(valueInChannel: units(30)))
        #expect(report.claimed == units(70))
        #expect(till.settlement.claims == [[customers[3].id, customers[2].id]])
        #expect(till.indexed == [customers[0].id: units(10), customers[1].id: units(20)])
        #expect(try await till.recount() == till.indexed)
    }

    @Test func `claims what has become old, by the clock and not by the look`() async throws {
        let till = try await Till.open()
        var customers = try await customers(2, of: till)
        till.clock.pass(30)
        try await till.sell(to: &customers[1], for: units(5))
        till.clock.pass(29)
        #expect(try await till.cashier.claimDue(ClaimSchedule(age: 60)).channels == 0)
        till.clock.pass(1)
        #expect(try await till.cashier.claimDue(ClaimSchedule(age: 60)).claimed == units(25))
    }

    @Test func `sends a hundred rows at a time, and sweeps each receiver once`() async throws {
        let till = try await Till.open()
        _ = try await customers(230, of: till)
        let report = try await till.cashier.claimDue(everything)
        #expect(report.channels == 230)
        #expect(till.settlement.claims.map(\.count) == [100, 100, 30])
        let paid = try await till.cashier.sweep()
        #expect(paid.map(\.receipt.amount) == [units(2300)])
        #expect(till.settlement.sweeps.count == 1)
        #expect(try await till.cashier.sweep().isEmpty)
        #expect(try await till.ledger.balance(of: till.payee.receiver, token: Payee.token.address) == units(2300))
    }

    @Test func `pays later whom it could not pay, also after a restart`() async throws {
        let till = try await Till.open()
        _ = try await customers(1, of: till)
        _ = try await till.cashier.claimDue(everything)
        till.settlement.setDown(true)
        await #expect(throws: SettlementError.self) { try await till.cashier.sweep() }
        #expect(till.settlement.sweeps.isEmpty)
        let next = try await till.reopened()
        #expect(try await next.cashier.sweep().map(\.receipt.amount) == [units(10)])
    }

    @Test(arguments: [[0], [99], [7, 8], [0, 50, 99], Array(0..<100)])
    func `is held up by no row that spoils its batch`(bad: [Int]) async throws {
        let till = try await Till.open()
        let customers = try await customers(100, of: till)
        let poisoned = Set(bad.map { customers[$0].id })
        till.settlement.poison(poisoned)
        let report = try await till.cashier.claimDue(everything)
        #expect(report.channels == 100 - bad.count)
        #expect(report.claimed == units(UInt128(10 * (100 - bad.count))))
        #expect(Set(report.refused.map(\.channel)) == poisoned)
        #expect(report.refused.allSatisfy { $0.error == .voucherSignature })
        #expect(till.indexed.keys.sorted() == poisoned.sorted())
        // Halving finds one bad row of a hundred in 2 · log₂ 100 batches.
        #expect(till.settlement.claims.count <= min(1 + bad.count * 14, 199))
        #expect(till.log.count(of: "A claim was refused") == bad.count)
    }

    /// A payer makes its vouchers worthless after it has signed them, as an account can whose code is asked for them.
    @Test func `serves nobody whose claim the contract refused, until one succeeds`() async throws {
        let till = try await Till.open()
        var (bad, good) = (
            try await till.customer(1, holding: units(1000)), try await till.customer(2, holding: units(50))
        )
        for _ in 0..<3 { try await till.sell(to: &bad, for: units(10)) }
        till.settlement.poison([bad.id])
        _ = try await till.cashier.claimDue(everything)
        for _ in 0..<5 {
            #expect(try await till.admit(bad, units(10)).deferral == "unclaimed.claim-refused")
            try await till.sell(to: &good, for: units(10))
        }
        #expect(till.settlement.claims.count == 1, "payments do not claim what was refused just now")
        // The quick way is no way round it.
        let known = try #require(try await till.engine.state(of: bad.id))
        #expect(throws: UnclaimedRefusal.claimRefused) {
            try till.index.reserve(units(10), as: 99, of: bad.id, token: known.terms.token)
        }
        // Later a payment has the claim tried again, and is taken when that succeeds.
        till.clock.pass(30)
        #expect(try await till.admit(bad, units(10)).deferral == "unclaimed.claim-refused")
        #expect(till.settlement.claims.count == 2)
        till.settlement.poison([])
        till.clock.pass(60)
        try await till.sell(to: &bad, for: units(10))
        #expect(try await till.state(of: bad).ledger.totalClaimed == units(30))
        #expect(try await till.recount() == till.indexed)
    }

    @Test func `goes on serving while the settlement is merely out of reach, or has settled enough for today`()
        async throws
    {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        _ = till.effects.refused([customer.id], .unavailable(reason: "the test says so"))
        _ = till.effects.refused([customer.id], .refused(code: "facilitator_rate_limited", message: nil))
        try await till.sell(to: &customer, for: units(10))
        #expect(till.index.unclaimed(of: Payee.token.address) == units(20))
    }

    @Test func `leaves a bad row alone for a while, then tries it again, and says so once`() async throws {
        let till = try await Till.open()
        let customers = try await customers(2, of: till)
        till.settlement.poison([customers[0].id])
        _ = try await till.cashier.claimDue(everything)
        let tries = till.settlement.claims.count
        till.clock.pass(29)
        _ = try await till.cashier.claimDue(everything)
        #expect(till.settlement.claims.count == tries)
        till.clock.pass(1)
        _ = try await till.cashier.claimDue(everything)
        #expect(till.settlement.claims.count == tries + 1)
        till.clock.pass(59)
        _ = try await till.cashier.claimDue(everything)
        #expect(till.settlement.claims.count == tries + 1)
        #expect(till.log.count(of: "A claim was refused") == 1)
        // An operator who asks for all gets all.
        till.settlement.poison([])
        #expect(try await till.cashier.claimAll().claimed == units(10))
        #expect(till.index.channels.isEmpty)
    }

    @Test func `goes on with the others where the ledger will not have one row`() async throws {
        let till = try await Till.open()
        var customers = try await customers(3, of: till)
        // This payer takes out its money while nobody watches: what was charged is more than what is left.
        let leaver = customers[1]
        try await till.ledger.initiateWithdraw(leaver.terms, amount: units(1000), by: leaver.key.address)
        try await till.ledger.advance(seconds: 900)
        try await till.ledger.finalizeWithdraw(leaver.terms, by: leaver.key.address)
        let report = try await till.cashier.claimDue(everything)
        #expect(report.channels == 2)
        #expect(report.refused.map(\.error) == [.claimExceedsBalance(total: units(10), balance: .zero)])
        #expect(till.settlement.claims.count == 1, "The ledger names the row, so nothing is halved")
        // The refusal was looked into: there is nothing left to claim, so nothing is tried again.
        #expect(till.index.channels.isEmpty)
        #expect(try await till.recount().isEmpty)
        try await till.sell(to: &customers[0], for: units(1))
    }

    @Test func `does not look for the bad row where every row is another key's`() async throws {
        let till = try await Till.open()
        _ = try await customers(20, of: till)
        // The same channels after the payee has changed its key.
        let next = Till(till.store.inner, ledger: till.ledger, clock: till.clock, payee: Payee(2))
        try await next.index.fill(from: next.engine)
        let report = try await next.cashier.claimDue(everything)
        #expect(report.refused.count == 20)
        #expect(next.settlement.claims.count == 1)
        #expect(try await till.cashier.claimDue(everything).channels == 20)
    }

    @Test func `tells when the settlement is down, and refuses no row for that`() async throws {
        let till = try await Till.open()
        _ = try await customers(3, of: till)
        till.settlement.setDown(true)
        await #expect(throws: SettlementError.unavailable(reason: "the test says so")) {
            try await till.cashier.claimDue(everything)
        }
        #expect(till.index.channels.allSatisfy { $0.refusals == 0 })
        till.settlement.setDown(false)
        #expect(try await till.cashier.claimDue(everything).channels == 3)
    }

    @Test func `claims before a payer is gone who asks for its money just after it was served`() async throws {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(400))
        try await till.ledger.initiateWithdraw(customer.terms, amount: units(1000), by: customer.key.address)
        // The look at the ledger that sees the wish claims in the same turn; no schedule has to be due.
        try await till.catchUp()
        #expect(try await till.ledger.snapshot(of: customer.id)?.totalClaimed == units(400))
        try await till.ledger.advance(seconds: 900)
        let gone = try await till.ledger.finalizeWithdraw(customer.terms, by: customer.key.address)
        #expect(gone.amount == units(600))
        #expect(try await till.cashier.sweep().map(\.receipt.amount) == [units(400)])
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test func `claims from a payer who is leaving when the settlement is back, long before the delay is over`()
        async throws
    {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(400))
        try await till.ledger.initiateWithdraw(customer.terms, amount: units(1000), by: customer.key.address)
        till.settlement.setDown(true)
        await #expect(throws: SettlementError.self) { try await till.catchUp() }
        till.settlement.setDown(false)
        #expect(try await till.cashier.claimDue(ClaimSchedule()).claimed == units(400))
    }

    @Test func `goes on when a clock that was a day ahead is set right`() async throws {
        let till = try await Till.open()
        var customers = try await customers(2, of: till)
        _ = till.effects.refused([customers[0].id], .refused(code: "facilitator_rate_limited", message: nil))
        till.clock.pass(-86_400)
        #expect(try await till.cashier.claimDue(everything).channels == 2)
        try await till.sell(to: &customers[0], for: units(10))
        #expect(try await till.cashier.claimDue(everything).channels == 1)
    }

    @Test func `does not send a refused row every second because its payer is leaving`() async throws {
        let till = try await Till.open()
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(400))
        till.settlement.poison([customer.id])
        try await till.ledger.initiateWithdraw(customer.terms, amount: units(1000), by: customer.key.address)
        for _ in 0..<20 {
            try await till.catchUp()
            _ = try await till.cashier.claimDue(ClaimSchedule())
            till.clock.pass(1)
        }
        #expect(till.settlement.claims.count == 1)
        #expect(try await till.store.inner.pendingEffects(after: nil, limit: 10).isEmpty)
        // It is tried at least four times within the delay.
        for _ in 0..<880 {
            _ = try await till.cashier.claimDue(ClaimSchedule())
            till.clock.pass(1)
        }
        #expect((5...8).contains(till.settlement.claims.count), "\(till.settlement.claims.count)")
    }
}
