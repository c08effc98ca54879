// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("A cap on what is unclaimed", .timeLimit(.minutes(2)))
struct UnclaimedCapTests {
    @Test func `claims first when the next payment would go over a channel's`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(perChannel: units(25)))
        var customer = try await till.customer(1, holding: units(1000))
        for count in 1...10 {
            try await till.sell(to: &customer, for: units(10))
            #expect(till.unclaimed <= units(25))
            #expect(till.settlement.claims.count == (count - 1) / 2)
        }
        #expect(try await till.state(of: customer).charged == units(100))
        #expect(try await till.recount() == till.indexed)
    }

    @Test func `takes a payment that reaches it exactly`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(perChannel: units(20), inAll: units(20)))
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(20))
        #expect(till.settlement.claims.isEmpty)
        #expect(till.unclaimed == units(20))
        #expect(till.reserved == .zero)
    }

    @Test(arguments: [UnclaimedCaps(perChannel: units(15)), UnclaimedCaps(inAll: units(15))])
    func `puts off a payment while nothing can be claimed, and charges nothing for it`(
        caps: UnclaimedCaps
    )
        async throws
    {
        let till = try await Till.open(caps: caps)
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.setDown(true)
        let answer = try await till.admit(customer, units(10))
        #expect(
            answer.deferral
                == (caps.inAll == nil ? "unclaimed.exceeds-channel-cap" : "unclaimed.exceeds-total-cap"))
        let state = try await till.state(of: customer)
        #expect(state.charged == units(10) && state.phase == .idle)
        #expect(till.reserved == .zero)
        // What fits is sold all the same.
        try await till.sell(to: &customer, for: units(5))
        // The same payment is good later.
        till.settlement.setDown(false)
        till.clock.pass(VoucherCashier.pause)
        try await till.sell(to: &customer, for: units(10))
        #expect(try await till.state(of: customer).charged == units(25))
    }

    @Test func `asks a settlement that is down once in a while, not for each payment`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(10)))
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.setDown(true)
        for _ in 0..<50 { #expect(try await till.admit(customer, units(1)).deferral != nil) }
        #expect(till.settlement.claims.count == 1)
        till.clock.pass(VoucherCashier.pause)
        #expect(try await till.admit(customer, units(1)).deferral != nil)
        #expect(till.settlement.claims.count == 2)
    }

    @Test func `asks it again at once when the clock has gone back`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(10)))
        var customer = try await till.customer(1, holding: units(1000))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.setDown(true)
        #expect(try await till.admit(customer, units(1)).deferral != nil)
        till.clock.pass(-86_400)
        till.settlement.setDown(false)
        try await till.sell(to: &customer, for: units(1))
        #expect(till.settlement.claims.count == 2)
    }

    @Test func `puts off the payer whose row is bad, and nobody else`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(perChannel: units(20), inAll: units(1000)))
        var bad = try await till.customer(1, holding: units(1000))
        var good = try await till.customer(2, holding: units(1000))
        till.settlement.poison([bad.id])
        for _ in 0..<2 { try await till.sell(to: &bad, for: units(10)) }
        for _ in 0..<20 {
            #expect(try await till.admit(bad, units(10)).deferral == "unclaimed.exceeds-channel-cap")
            try await till.sell(to: &good, for: units(10))
        }
        #expect(till.settlement.claims.count { $0.contains(bad.id) } == 1)
        #expect(till.log.count(of: "A claim was refused") == 1)
        #expect(till.unclaimed <= units(40))
    }

    @Test func `says first what is wrong with a payment`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(perChannel: units(10)))
        var customer = try await till.customer(1, holding: units(30))
        try await till.sell(to: &customer, for: units(10))
        till.settlement.setDown(true)
        var liar = customer
        liar.adopt(units(3))
        #expect(
            try await till.admit(liar, units(10)).refusal
                == "invalid_batch_settlement_evm_cumulative_amount_mismatch")
        #expect(
            try await till.admit(customer, units(25)).refusal
                == "invalid_batch_settlement_evm_cumulative_exceeds_balance")
        #expect(till.settlement.claims.isEmpty, "A bad payment must not cost a transaction")
    }

    @Test func `holds for a crowd that pays at once on different channels`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(100)))
        var customers: [Customer] = []
        for number in 0..<64 {
            customers.append(try await till.customer(UInt64(number), holding: units(1000)))
        }
        // None is charged before all are let in: what is set aside must count.
        let admissions = try await withThrowingTaskGroup(of: Admission.self) { group in
            for customer in customers { group.addTask { try await till.admit(customer, units(10)) } }
            var admissions: [Admission] = []
            for try await admission in group { admissions.append(admission) }
            return admissions
        }
        let admitted = admissions.compactMap(\.payment)
        #expect(admitted.count == 10)
        #expect(admissions.compactMap(\.deferral) == Array(repeating: "unclaimed.exceeds-total-cap", count: 54))
        #expect(till.reserved == units(100))
        #expect(till.settlement.claims.isEmpty, "Nothing could be claimed that would have helped")
        for payment in admitted.prefix(4) { #expect(try await payment.charge(units(7)).success) }
        for payment in admitted.dropFirst(4) { await payment.release() }
        #expect(till.reserved == .zero)
        #expect(till.unclaimed == units(28))
        #expect(try await till.recount() == till.indexed)
    }

    @Test func `makes room for a crowd by claiming, and serves all of it`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(100)))
        var customers: [Customer] = []
        for number in 0..<64 {
            customers.append(try await till.customer(UInt64(number), holding: units(1000)))
        }
        var waiting = customers
        var turns = 0
        while !waiting.isEmpty, turns < 100 {
            turns += 1
            let served = try await withThrowingTaskGroup(of: ChannelID?.self) { group in
                for customer in waiting {
                    group.addTask {
                        var customer = customer
                        do { try await till.sell(to: &customer, for: units(10)) } catch is Till.NotTaken { return nil }
                        #expect(till.unclaimed <= units(100))
                        return customer.id
                    }
                }
                var served: Set<ChannelID> = []
                for try await id in group { if let id { served.insert(id) } }
                return served
            }
            #expect(!served.isEmpty, "Each turn serves somebody")
            waiting.removeAll { served.contains($0.id) }
        }
        #expect(waiting.isEmpty)
        #expect(try await till.recount() == till.indexed)
        _ = try await till.cashier.claimAll()
        #expect(try await till.cashier.sweep().map(\.receipt.amount) == [units(640)])
    }

    @Test func `forgets what was set aside for a request that nobody ended`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(10)))
        let customer = try await till.customer(1, holding: units(1000))
        do {
            let payment = try await till.admit(customer, units(10)).payment
            #expect(payment != nil)
            #expect(till.reserved == units(10))
        }
        #expect(till.reserved == .zero)
    }

    @Test func `counts a deposit on the way, and nothing after it failed`() async throws {
        let till = try await Till.open(caps: UnclaimedCaps(inAll: units(50)))
        var customer = Customer(1, of: till.payee, domain: till.ledger.domain)
        try await till.ledger.mint(to: customer.key.address, token: Payee.token.address, amount: units(1000))
        let offer = try till.offer(units(50))
        let deposit = customer.signDeposit(units(500), at: till.clock.now)
        let first = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer).payment
        #expect(till.reserved == units(50))
        till.settlement.setDown(true)
        // It is the ledger's trouble, and says nothing of the payment.
        await #expect(throws: SettlementError.unavailable(reason: "the test says so")) {
            try await first?.charge(units(50))
        }
        #expect(till.reserved == .zero && till.unclaimed == .zero)
        till.settlement.setDown(false)
        let second = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer).payment
        let response = try #require(try await second?.charge(units(50)))
        #expect(response.success)
        #expect(till.reserved == .zero && till.unclaimed == units(50))
        customer.settle(response)
        #expect(try await till.recount() == till.indexed)
    }
}
