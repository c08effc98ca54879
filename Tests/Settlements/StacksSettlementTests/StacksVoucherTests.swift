// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksVoucherTests {
    @Test(arguments: [false, true])
    func `A channel is opened, claimed, paid out and given back, to the last unit`(inToken: Bool) async throws {
        try await SettlementStage.open(inToken: inToken) { stage in
            let before = try await stage.held(stage.payer.address)
            let terms = try await stage.open(1000)
            let opened = try await stage.snapshot(terms)
            #expect(opened.balance.units == 1000)
            // The payee sponsors it: nothing but the deposit leaves the payer's account.
            #expect(try await stage.held(stage.payer.address) == before - 1000)

            let claimed = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
            #expect(claimed.outcomes == [.claimed(Amount(units: 600))])
            let again = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
            #expect(again.outcomes == [.alreadyClaimed])

            let paid = try await stage.settlement.settle(receiver: terms.receiver, token: terms.token)
            #expect(paid.amount?.units == 600)
            let nothing = try await stage.settlement.settle(receiver: terms.receiver, token: terms.token)
            #expect(nothing.transaction == nil && nothing.amount == .zero)

            let refund = try await stage.settlement.refund(stage.refund(1000, nonce: 0, on: terms))
            #expect(refund.amount.units == 400)
            #expect(refund.snapshot.refundNonce == 1)
            #expect(try await stage.held(stage.payer.address) == before - 600)
            let contract = stage.registry.vouchers.address
            #expect(try await stage.held(contract) == 0)
        }
    }

    @Test func `A payer takes its money back without the payee, after the delay`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let before = try await stage.held(stage.payer.address)
            let terms = try await stage.open(1000)
            let asked = try await stage.settlement.initiateWithdraw(
                terms, amount: Amount(units: 700), by: stage.payer)
            #expect(asked.snapshot.withdrawal?.amount.units == 700)
            await #expect(throws: SettlementError.self) {
                try await stage.settlement.finalizeWithdraw(terms, by: stage.payer)
            }
            // What is claimed meanwhile is the payee's.
            _ = try await stage.claim([stage.row(stage.voucher(500, on: terms), total: 500)])
            stage.node.advance(burnBlocks: 2)
            stage.time.leap(1200)
            let got = try await stage.settlement.finalizeWithdraw(terms, by: stage.payer)
            #expect(got.amount.units == 500)
            #expect(try await stage.held(stage.payer.address) == before - 500)
            #expect(got.snapshot.withdrawal == nil)
        }
    }

    @Test func `The same deposit twice is one deposit, also after a restart`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.terms()
            let (deposit, voucher) = (try await stage.deposit(1000, on: terms), stage.voucher(10, on: terms))
            let first = try await stage.settlement.deposit(deposit, for: voucher)
            let second = try await stage.settlement.deposit(deposit, for: voucher)
            let third = try await stage.restarted().deposit(deposit, for: voucher)
            #expect(first.transaction != nil)
            #expect(second.amount == first.amount && third.amount == first.amount)
            #expect(try await stage.snapshot(terms).balance.units == 1000)
        }
    }

    @Test func `Deposits of one payer that are handed in together are all made, in the order of their numbers`()
        async throws
    {
        try await SettlementStage.open { stage in
            var deposits: [SignedDeposit] = []
            for salt in 1...6 { deposits.append(try await stage.deposit(100, on: stage.terms(salt: UInt8(salt)))) }
            #expect(deposits.map(\.authorization.validAfter) == [0, 1, 2, 3, 4, 5])
            let receipts = try await withThrowingTaskGroup(of: DepositReceipt.self) { group in
                for deposit in deposits.reversed() {
                    group.addTask {
                        try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: deposit.terms))
                    }
                }
                return try await group.reduce(into: [DepositReceipt]()) { $0.append($1) }
            }
            #expect(receipts.allSatisfy { $0.snapshot.balance.units == 100 })
        }
    }

    @Test func `A number whose deposit was given up goes to the next deposit`() async throws {
        try await SettlementStage.open { stage in
            let first = try await stage.deposit(100, on: stage.terms(salt: 1))
            stage.time.leap(120)
            let second = try await stage.deposit(100, on: stage.terms(salt: 2))
            #expect(second.authorization.validAfter == first.authorization.validAfter)
            _ = try await stage.settlement.deposit(second, for: stage.voucher(1, on: second.terms))
            // Of the two only one can be in the chain.
            await #expect(throws: SettlementError.authorizationUsed) {
                try await stage.settlement.deposit(first, for: stage.voucher(1, on: first.terms))
            }
        }
    }

    @Test func `A batch books its good rows and says what is wrong with the others`() async throws {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            let poor = try await stage.open(50, salt: 2)
            let unopened = stage.terms(salt: 9)
            let receipt = try await stage.claim([
                stage.row(stage.voucher(300, on: terms), total: 300),
                stage.row(stage.voucher(80, on: poor), total: 80),
                stage.row(stage.voucher(400, on: terms, by: stage.payee), total: 400),
                stage.row(stage.voucher(10, on: unopened), total: 10),
            ])
            #expect(receipt.outcomes[0] == .claimed(Amount(units: 300)))
            let codes = receipt.outcomes.dropFirst().map { outcome in
                if case .refused(.refused(let code, _)) = outcome { code } else { "\(outcome)" }
            }
            #expect(
                codes == [
                    "stacks.claim", "refused(\(SettlementError.voucherSignature))",
                    "stacks.unknown-channel",
                ])
        }
    }

    // MARK: - Refusals

    @Test func `Deposits that cannot be made are refused before anything is sent`() async throws {
        try await SettlementStage.open { stage in
            let terms = stage.terms()
            func refusal(
                _ deposit: SignedDeposit
            ) async -> SettlementError? {
                do throws(SettlementError) {
                    try await stage.settlement.check(deposit, for: stage.voucher(1, on: terms))
                    return nil
                } catch { return error }
            }
            let good = try await stage.deposit(1000, on: terms)
            #expect(await refusal(good) == nil)
            var changed = good
            changed.amount = Amount(units: 1001)
            #expect(await refusal(changed) == .authorizationSignature)
            changed = good
            changed.authorization.validAfter += 1
            #expect(await refusal(changed) == .authorizationSignature)
            #expect(await refusal(try await stage.deposit(5, on: terms, by: stage.payee)) == .authorizationSignature)
            #expect(await refusal(try await stage.deposit(0, on: terms)) == .zeroAmount)
            #expect(await refusal(try await stage.deposit(5, on: stage.terms(delay: 1))) == .withdrawDelayOutOfRange(1))
            let rich = try await stage.deposit(2_000_000_000, on: terms)
            #expect(
                await refusal(rich)
                    == .insufficientBalance(
                        has: Amount(units: 1_000_000_000), needs: Amount(units: 2_000_000_000)))
            var foreign = terms
            foreign.token = stage.payee.address
            #expect(await refusal(try await stage.deposit(5, on: foreign)) == .unknownToken(foreign.token))
            #expect(stage.node.poolCount == 0)
        }
    }

    @Test func `Claims and refunds need the signature of the payee's authorizer`() async throws {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            let row = stage.row(stage.voucher(300, on: terms), total: 300)
            await #expect(throws: SettlementError.claimSignature) { try await stage.claim([row], by: stage.payer) }
            var order = stage.refund(100, nonce: 0, on: terms)
            order.amount = Amount(units: 200)
            await #expect(throws: SettlementError.refundSignature) { try await stage.settlement.refund(order) }
            await #expect(throws: SettlementError.refundNonce(given: 3, expected: 0)) {
                try await stage.settlement.refund(stage.refund(100, nonce: 3, on: terms))
            }
            await #expect(throws: SettlementError.notAuthorized(stage.payee.address)) {
                try await stage.settlement.initiateWithdraw(terms, amount: Amount(units: 1), by: stage.payee)
            }
            #expect(try await stage.snapshot(terms).totalClaimed == .zero)
        }
    }
}
