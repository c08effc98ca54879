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

/// What a payer could have a payee spend: each deposit is a transaction that the payee, or its sponsor, pays for.
@Suite("Deposits with vouchers that cost the payee a transaction", .timeLimit(.minutes(2)))
struct DepositTurnsTests {
    private static let price = units(10)
    private static let tooOften = "invalid_batch_settlement_evm_deposits_too_often"

    private func payer(_ number: UInt64, at till: Till) async throws -> Customer {
        let customer = Customer(number, of: till.payee, domain: till.ledger.domain)
        try await till.ledger.mint(to: customer.key.address, token: Payee.token.address, amount: units(100_000))
        return customer
    }

    /// Pays for a request with a deposit of its own.
    ///
    /// - Returns: Why it was refused, or `nil` when it was taken and answered.
    private func buy(
        depositing amount: Amount, as customer: inout Customer, at till: Till
    ) async throws -> PaymentRefusal? {
        let offer = try till.offer(Self.price)
        let deposit = customer.signDeposit(amount, at: till.clock.now)
        let admission = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer)
        if case .refused(let refusal) = admission { return refusal }
        let response = try await #require(admission.payment).charge(Self.price)
        #expect(response.success)
        customer.settle(response)
        return nil
    }

    @Test func `are not handed in for one price with each request`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules())
        var customer = try await payer(1, at: till)
        for _ in 0..<8 { #expect(try await buy(depositing: Self.price, as: &customer, at: till) == nil) }
        for _ in 0..<3 {
            let refusal = try await buy(depositing: Self.price, as: &customer, at: till)
            #expect(refusal?.code == Self.tooOften)
            #expect(refusal?.message.contains("less than 100") == true)
        }
        #expect(try await till.ledger.balance(of: customer.key.address, token: Payee.token.address) == units(99_920))
        // Whoever deposits what is offered goes on, and so does another payer, and the same one in an hour.
        #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil)
        try await till.sell(to: &customer, for: Self.price)
        var other = try await payer(2, at: till)
        #expect(try await buy(depositing: Self.price, as: &other, at: till) == nil)
        till.clock.pass(3600)
        #expect(try await buy(depositing: Self.price, as: &customer, at: till) == nil)
        #expect(try await till.ledger.audit().faults == [])
    }

    @Test func `of any size are handed in so often within an hour`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules(perHour: 3))
        var customer = try await payer(1, at: till)
        for _ in 0..<3 { #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil) }
        #expect(try await buy(depositing: units(100), as: &customer, at: till)?.code == Self.tooOften)
        // What is locked already pays all the same.
        for _ in 0..<5 { try await till.sell(to: &customer, for: Self.price) }
    }

    @Test func `are not counted when they are not taken, nor where they cost nothing`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules(perHour: 1))
        var customer = try await payer(1, at: till)
        for _ in 0..<3 {
            let refusal = try await buy(depositing: units(100_001), as: &customer, at: till)
            #expect(refusal?.code == "invalid_batch_settlement_evm_insufficient_balance")
        }
        #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil)
        let free = try await Till.open()
        var guest = try await payer(1, at: free)
        for _ in 0..<70 { #expect(try await buy(depositing: Self.price, as: &guest, at: free) == nil) }
    }

    @Test func `are not counted when they are not handed in after all`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules(perHour: 1))
        var customer = try await payer(1, at: till)
        let offer = try till.offer(Self.price)
        for _ in 0..<3 {
            // What was paid for fails, so the request costs nothing, and the deposit stays where it is.
            let deposit = customer.signDeposit(units(100), at: till.clock.now)
            let admission = try await till.desk.admit(customer.pay(offer, depositing: deposit), for: offer)
            await (try #require(admission.payment)).release()
        }
        #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil)
        #expect(try await buy(depositing: units(100), as: &customer, at: till)?.code == Self.tooOften)
    }

    @Test func `are taken at the very moment at which the request before is let go`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules(perHour: 1))
        var customer = try await payer(1, at: till)
        let offer = try till.offer(Self.price)
        let deposit = customer.signDeposit(units(100), at: till.clock.now)
        let payment = customer.pay(offer, depositing: deposit)
        for _ in 0..<200 {
            let before = try #require(try await till.desk.admit(payment, for: offer).payment)
            async let letGo: Void = before.release()
            // It comes while the channel is still held, or opens it anew, and is told nothing else.
            let admission = try await till.desk.admit(payment, for: offer)
            await letGo
            await admission.payment?.release()
        }
    }

    @Test func `are not counted while another request of the channel keeps them out`() async throws {
        let till = try await Till.open(deposits: DepositTurnRules(perHour: 2))
        var customer = try await payer(1, at: till)
        #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil)
        let held = try await #require(till.admit(customer, Self.price).payment)
        for _ in 0..<3 {
            let refusal = try await buy(depositing: units(100), as: &customer, at: till)
            #expect(refusal?.code == "invalid_batch_settlement_evm_channel_busy")
        }
        await held.release()
        #expect(try await buy(depositing: units(100), as: &customer, at: till) == nil)
        #expect(try await buy(depositing: units(100), as: &customer, at: till)?.code == Self.tooOften)
    }
}
