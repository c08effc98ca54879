// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingStacks
import FarthingStacksSettlement
import FarthingStacksSimnet
import Testing

@Suite struct StacksAttackTests {
    @Test func `A payer that spends its number elsewhere does not stop the payee's own transactions`() async throws {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            // The deposit waits for a block that is not made; meanwhile the payer sends another transaction of the same
            // number for a higher fee.
            let trap = try await stage.deposit(500, on: stage.terms(salt: 2))
            stage.miner.rest()
            let caught = Task {
                try await stage.settlement.deposit(trap, for: stage.voucher(1, on: trap.terms))
            }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            let bob = try SenderStage.bob()
            _ = try await stage.rival().send(.transfer(recipient: bob, microSTX: 1, memo: .empty), fee: 500_000)
            stage.miner.go()
            await #expect(throws: SettlementError.self) { try await caught.value }
            // What the payee sends next is not held up by the number that the deposit had.
            let claimed = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
            #expect(claimed.outcomes == [.claimed(Amount(units: 600))])
            let unopened = try await stage.settlement.snapshot(of: stage.settlement.domain.channelID(of: trap.terms))
            #expect(unopened == nil)
        }
    }

    @Test func `A payer that hangs up and spends its number elsewhere does not stop the payee`() async throws {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            let trap = try await stage.deposit(500, on: stage.terms(salt: 2))
            stage.miner.rest()
            let caught = Task { try await stage.settlement.deposit(trap, for: stage.voucher(1, on: trap.terms)) }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            caught.cancel()
            await #expect(throws: SettlementError.cancelled) { try await caught.value }
            try await stage.evict()
            stage.miner.go()
            let claimed = try await stage.claim([stage.row(stage.voucher(600, on: terms), total: 600)])
            #expect(claimed.outcomes == [.claimed(Amount(units: 600))])
        }
    }

    @Test func `A payer that hangs up after its deposit was handed in has made it all the same`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            let voucher = stage.voucher(1, on: deposit.terms)
            stage.miner.rest()
            let asked = Task { try await stage.settlement.deposit(deposit, for: voucher) }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            asked.cancel()
            await #expect(throws: SettlementError.cancelled) { try await asked.value }
            // Its second request finds the first deposit, and nothing is sent twice.
            let again = Task { try await stage.settlement.deposit(deposit, for: voucher) }
            try await Task.sleep(for: .milliseconds(20))
            #expect(stage.node.poolCount == 1)
            stage.miner.go()
            #expect(try await again.value.snapshot.balance.units == 500)
        }
    }

    @Test func `A deposit that outlasts all patience does not stop what is sent later`() async throws {
        try await SettlementStage.open { stage in
            let terms = try await stage.open(1000)
            var options = SettlementStage.options
            options.patience = .milliseconds(50)
            let hasty = stage.restarted(options: options)
            let trap = try await stage.deposit(500, on: stage.terms(salt: 2))
            stage.miner.rest()
            await #expect(throws: SettlementError.unavailable(reason: "the Stacks node takes too long")) {
                try await hasty.deposit(trap, for: stage.voucher(1, on: trap.terms))
            }
            try await stage.evict()
            let row = stage.row(stage.voucher(600, on: terms), total: 600)
            stage.miner.go()
            // It is as impatient with its claims, and asks for them again.
            var claimed: ClaimReceipt?
            for _ in 0..<100 where claimed == nil { claimed = try? await stage.claim([row], through: hasty) }
            #expect(claimed != nil)
            #expect(try await stage.snapshot(terms).totalClaimed.units == 600)
        }
    }

    @Test func `A deposit waits until the payer's number before it is in a block`() async throws {
        try await SettlementStage.open { stage in
            let first = try await stage.deposit(500, on: stage.terms(salt: 1))
            let second = try await stage.deposit(500, on: stage.terms(salt: 2))
            stage.miner.rest()
            let caught = Task { try await stage.settlement.deposit(first, for: stage.voucher(1, on: first.terms)) }
            while stage.node.poolCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
            let waiting = Task { try await stage.settlement.deposit(second, for: stage.voucher(1, on: second.terms)) }
            try await Task.sleep(for: .milliseconds(50))
            #expect(stage.node.poolCount == 1)
            try await stage.evict()
            stage.miner.go()
            await #expect(throws: SettlementError.self) { try await caught.value }
            #expect(try await waiting.value.snapshot.balance.units == 500)
        }
    }

    @Test func `A deposit of which no answer came is made all the same`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms())
            stage.node.inject(.serverError, times: 4)
            let made = try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: deposit.terms))
            #expect(made.snapshot.balance.units == 500)
        }
    }

    @Test func `A payee that cannot pay the fee does not blame the deposit`() async throws {
        try await SettlementStage.open { stage in
            let poor = stage.restarted(by: try SenderStage.signer(9))
            let deposit = try await stage.deposit(500, on: stage.terms())
            let unavailable = SettlementError.unavailable(
                reason: "the Stacks node does not take the transaction now: NotEnoughFunds")
            await #expect(throws: unavailable) {
                try await poor.deposit(deposit, for: stage.voucher(1, on: deposit.terms))
            }
            for reason in ["TooMuchChaining", "FeeTooLow", "ConflictingNonceInMempool", "ServerFailureDatabase"] {
                stage.node.inject(.refuse(reason: reason), times: reason.hasPrefix("Conflicting") ? 4 : 1)
                let reason = "the Stacks node does not take the transaction now: \(reason)"
                await #expect(throws: SettlementError.unavailable(reason: reason)) {
                    try await stage.restarted().deposit(deposit, for: stage.voucher(1, on: deposit.terms))
                }
            }
            let made = try await stage.settlement.deposit(deposit, for: stage.voucher(1, on: deposit.terms))
            #expect(made.snapshot.balance.units == 500)
        }
    }

    @Test func `A deposit cannot be turned into another channel's`() async throws {
        try await SettlementStage.open { stage in
            let deposit = try await stage.deposit(500, on: stage.terms(salt: 1))
            var stolen = deposit
            stolen.terms = stage.terms(salt: 2)
            await #expect(throws: SettlementError.authorizationSignature) {
                try await stage.settlement.deposit(stolen, for: stage.voucher(1, on: stolen.terms))
            }
        }
    }

    @Test func `A signature of an Ethereum account is nobody's on Stacks`() async throws {
        try await SettlementStage.open { stage in
            let key = KeySigner(PrivateKey.random())
            var terms = stage.terms()
            terms.payerAuthorizer = key.address
            _ = try await stage.settlement.deposit(
                try await stage.deposit(500, on: terms), for: stage.voucher(1, on: terms))
            let receipt = try await stage.claim([stage.row(stage.voucher(100, on: terms, by: key), total: 100)])
            #expect(receipt.outcomes == [.refused(.voucherSignature)])
            await #expect(throws: SettlementError.notAuthorized(key.address)) {
                try await stage.settlement.initiateWithdraw(terms, amount: Amount(units: 1), by: key)
            }
        }
    }

    @Test func `A block that is taken back with a claim in it loses nothing`() async throws {
        try await SettlementStage.open(inToken: true) { stage in
            let terms = try await stage.open(1000)
            let row = stage.row(stage.voucher(600, on: terms), total: 600)
            _ = try await stage.claim([row])
            stage.node.dropBlocks(1, losesTransactions: true)
            #expect(try await stage.snapshot(terms).totalClaimed == .zero)
            let again = try await stage.claim([row])
            #expect(again.outcomes == [.claimed(Amount(units: 600))])
            #expect(try await stage.snapshot(terms).totalClaimed.units == 600)
        }
    }
}

extension SettlementStage {
    /// Lets the payer use the number of what waits for a block elsewhere, for a higher fee.
    func evict() async throws {
        _ = try await rival().send(
            .transfer(recipient: try SenderStage.bob(), microSTX: 1, memo: .empty), fee: 500_000)
    }

    /// The payer's own way to the node.
    func rival() -> StacksSender {
        StacksSender(
            client: settlement.client, signer: payer, version: .testnet, policy: .init(pause: .milliseconds(3)))
    }
}
