// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite("Until when a deposit on Stacks is handed in")
struct StacksDepositTimeTests {
    @Test func `A deposit is handed in as long as it can still be in a block in time`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            stage.time.leap(50)
            try await stage.settlement.check(deposit, for: stage.voucher(1, on: deposit.terms))
            let made = try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: deposit.terms))
            #expect(made.snapshot.balance.units == 500)
        }
    }

    @Test(arguments: [51, 59, 60, 86_400])
    func `A deposit with hardly any time left, or none, is refused and not handed in`(seconds: Int64) async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            let (terms, _) = try stage.chain(20)
            let funding = try await stage.funding(terms)
            stage.time.leap(seconds)
            let expired = SettlementError.authorizationExpired(
                validBefore: deposit.authorization.validBefore, now: stage.time.instant)
            #expect(expired.code == "settlement.authorization-expired")
            await #expect(throws: expired) { try await stage.settlement.check(deposit, for: voucher) }
            await #expect(throws: expired) { try await stage.settlement.deposit(deposit, for: voucher) }
            await #expect(throws: ContractError.settlement(expired)) {
                try await stage.settlement.fund(HashChainContract.self, terms, with: funding)
            }
            let account = try await stage.settlement.client.account(SettlementStage.owner(stage.payer.address))
            #expect(account.nonce == 0)
            #expect(stage.node.poolCount == 0)
        }
    }

    @Test func `A deposit that has waited for its turn too long is given up, and its payer's money stays`() async throws
    {
        try await SettlementStage.open { stage in
            let first = try await stage.deposit(500, on: stage.terms(salt: 1))
            let second = try await stage.deposit(500, on: stage.terms(salt: 2))
            let waiting = Task {
                try await stage.settlement.deposit(second, for: stage.voucher(1, on: second.terms))
            }
            try await Task.sleep(for: .milliseconds(20))
            stage.time.leap(55)
            await #expect(throws: SettlementError.self) { try await waiting.value }
            // The one before comes after all, through a payee that has another clock.
            stage.time.leap(-55)
            _ = try await stage.settlement.deposit(first, for: stage.voucher(1, on: first.terms))
            try await Task.sleep(for: .milliseconds(20))
            let unopened = try await stage.settlement.snapshot(of: stage.settlement.domain.channelID(of: second.terms))
            #expect(unopened == nil)
        }
    }

    @Test func `What was handed in in time counts, however late its payer asks again`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            stage.miner.rest()
            let first = Task { try await stage.settlement.deposit(deposit, for: voucher) }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            stage.time.leap(3600)
            let again = Task { try await stage.settlement.deposit(deposit, for: voucher) }
            try await Task.sleep(for: .milliseconds(20))
            stage.miner.go()
            #expect(try await first.value.snapshot.balance.units == 500)
            #expect(try await again.value.snapshot.balance.units == 500)
            let restarted = try await stage.restarted().deposit(deposit, for: voucher)
            #expect(restarted.snapshot.balance.units == 500)
        }
    }
}
