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

/// What a payer could gain: each refund costs the payee a claim and a transaction more, until it has none left.
@Suite("Refunds that cost the payee a transaction", .timeLimit(.minutes(2)))
struct RefundTurnsTests {
    private static let price = units(10)
    private static let tooOften = "invalid_batch_settlement_evm_refunds_too_often"

    /// - Returns: Why it was refused, or `nil` when the money came back.
    private func refund(_ amount: UInt128?, of customer: Customer, at till: Till) async throws -> String? {
        let offer = try till.offer(Self.price)
        guard case .settled(let response, _) = try await till.desk.admit(customer.askBack(offer, amount), for: offer)
        else { return "no answer" }
        if response.errorReason == Self.tooOften { #expect(response.errorMessage?.contains("in 3600 s") == true) }
        return response.errorReason
    }

    @Test func `are not made for one unit after the other`() async throws {
        let till = try await Till.open(refunds: RefundRules())
        var customer = try await till.customer(1, holding: units(10_000))
        var outcomes: [String?] = []
        for _ in 0..<6 {
            try await till.sell(to: &customer, for: Self.price)
            outcomes.append(try await refund(1, of: customer, at: till))
        }
        #expect(outcomes == [nil] + Array(repeating: Self.tooOften, count: 5))
        #expect(till.settlement.claims.count == 1 && till.settlement.refunds == 1)
        // What is left can be had at once, and the next drop in an hour.
        till.clock.pass(3600)
        #expect(try await refund(99, of: customer, at: till) == nil, "below the least deposit of 100")
        #expect(try await refund(100, of: customer, at: till) == nil)
        #expect(try await refund(nil, of: customer, at: till) == nil)
        #expect(try await till.ledger.balance(of: customer.key.address, token: Payee.token.address) == units(9940))
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test func `are made for one payer so often within an hour`() async throws {
        let till = try await Till.open(refunds: RefundRules(perHour: 3))
        let customer = try await till.customer(1, holding: units(10_000))
        let other = try await till.customer(2, holding: units(10_000))
        for _ in 0..<3 { #expect(try await refund(100, of: customer, at: till) == nil) }
        #expect(try await refund(100, of: customer, at: till) == Self.tooOften)
        #expect(try await refund(nil, of: customer, at: till) == Self.tooOften)
        #expect(try await refund(nil, of: other, at: till) == nil, "another payer's")
        till.clock.pass(3600)
        #expect(try await refund(nil, of: customer, at: till) == nil)
    }

    @Test func `are not counted when the channel refuses them, nor where they cost nothing`() async throws {
        let till = try await Till.open(refunds: RefundRules(perHour: 1))
        let customer = try await till.customer(1, holding: units(10_000))
        for _ in 0..<3 {
            let refusal = try await refund(10_001, of: customer, at: till)
            #expect(refusal == "invalid_batch_settlement_evm_refund_no_balance")
        }
        #expect(try await refund(nil, of: customer, at: till) == nil)
        let free = try await Till.open()
        let guest = try await free.customer(1, holding: units(10_000))
        for _ in 0..<20 { #expect(try await refund(1, of: guest, at: free) == nil) }
    }

    @Test func `are counted for the payer again when the clock has gone back`() throws {
        let turns = RefundTurns(RefundRules(perHour: 1))
        let payer = Payee().receiver
        func take(_ seconds: Int64) throws(VoucherChannel.Refusal) {
            try turns.take(
                payer, units(5), of: units(5), least: units(9), at: TestClock.noon.advanced(bySeconds: seconds))
        }
        try take(86_400)
        try take(0)
        #expect(throws: VoucherChannel.Refusal.refundsTooOften(perHour: 1, leastOfMore: nil, seconds: 3590)) {
            try take(10)
        }
    }
}
