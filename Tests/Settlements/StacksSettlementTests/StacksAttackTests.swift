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
    /// The payer's own way to the node.
    func rival() -> StacksSender {
        StacksSender(
            client: settlement.client, signer: payer, version: .testnet, policy: .init(pause: .milliseconds(3)))
    }
}
