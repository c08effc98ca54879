// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@testable import FarthingAssembly

/// Where a settlement tells of no events, a withdrawal is seen only by reading the channel again.
@Suite("Channels that are read again", .timeLimit(.minutes(2)))
struct RefreshingTests {
    /// A till, its reader, and customers in the order of their channels' ids, each of which owes 10.
    private func till(_ count: UInt64) async throws -> (Till, ChannelReader, [Customer]) {
        let till = try await Till.open()
        var customers: [Customer] = []
        for number in 1...count {
            var customer = try await till.customer(number, holding: units(1000))
            try await till.sell(to: &customer, for: units(10))
            customers.append(customer)
        }
        let reader = ChannelReader(
            engine: till.engine, settlement: till.settlement, effects: till.effects,
            clock: { [clock = till.clock] in clock.now })
        return (till, reader, customers.sorted { $0.id < $1.id })
    }

    private func claimed(_ customer: Customer, at till: Till) async throws -> Amount? {
        try await till.ledger.snapshot(of: customer.id)?.totalClaimed
    }

    private func leave(_ customer: Customer, _ till: Till) async throws {
        try await till.ledger.initiateWithdraw(customer.terms, amount: units(1000), by: customer.key.address)
        till.clock.pass(301)
    }

    @Test func `are seen to leave although one before them cannot be read`() async throws {
        let (till, reader, customers) = try await till(3)
        try await leave(customers[2], till)
        till.settlement.hide([customers[0].id])
        await #expect(throws: SettlementError.self) { try await reader.refreshAll() }
        #expect(try await claimed(customers[2], at: till) == units(10))
        #expect(try await claimed(customers[0], at: till) == .zero)
        #expect(till.log.count(of: "A channel cannot be read") == 1)
    }

    @Test func `are seen in the next pass although many before them cannot be read`() async throws {
        let (till, reader, customers) = try await till(40)
        try await leave(customers[39], till)
        till.settlement.hide(Set(customers.prefix(30).map(\.id)))
        await #expect(throws: SettlementError.self) { try await reader.refreshAll() }
        #expect(try await claimed(customers[39], at: till) == .zero)
        await #expect(throws: SettlementError.self) { try await reader.refreshAll() }
        #expect(try await claimed(customers[39], at: till) == units(10))
    }

    @Test func `are left alone for now when nobody answers`() async throws {
        let (till, reader, customers) = try await till(60)
        till.clock.pass(301)
        till.settlement.hide(Set(customers.map(\.id)))
        await #expect(throws: SettlementError.self) { try await reader.refreshAll() }
        #expect((16...24).contains(till.settlement.readsByVoucher), "\(till.settlement.readsByVoucher)")
    }
}
