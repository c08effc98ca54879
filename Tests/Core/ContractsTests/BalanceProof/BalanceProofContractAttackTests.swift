// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the contracts of µRaiden and evan.network, tried on ours.
@Suite("Mallory at a balance-proof contract")
struct BalanceProofContractAttackTests {
    typealias Refusal = BalanceProofContract.Refusal
    let stage = BalanceProofStage()

    @Test func `cannot ask for an end below what was paid, that could never be settled (µRaiden 1)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(40))
        // The stock client always asked for 0.
        for balance in [0, 39] as [UInt128] {
            #expect(throws: Refusal.belowWithdrawn(balance: units(balance), withdrawn: units(40))) {
                try contract.send(stage.requestClose(balance))
            }
        }
        try contract.send(stage.requestClose(40))
        contract.wait(seconds: 0, blocks: 500)
        #expect(try contract.send(.settle) == [Payout(to: Person.alice.address, units(60))])
    }

    @Test func `cannot use proofs of a closed channel again (µRaiden 2: the key is reused)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(40))
        try contract.send(stage.closeTogether(50))
        #expect(throws: Refusal.outOfTurn(phase: "closed")) { try contract.fund(100, by: .alice) }
        #expect(throws: Refusal.outOfTurn(phase: "closed")) { try contract.send(stage.withdraw(60)) }
        // The same sides open another one at once, in which nothing of the first counts.
        let next = BalanceProofStage(salt: "next")
        var other = try next.opened()
        #expect(other.state.withdrawn == .zero)
        for order in [stage.withdraw(40), stage.closeTogether(50), stage.requestClose(50)] {
            #expect(throws: Refusal.self) { try other.send(order) }
        }
    }

    @Test func `cannot use what was signed on another chain, or at another contract (µRaiden 3)`() throws {
        let domains = [
            try #require(ContractDomain(.balanceProof, on: Network(evm: 1))),
            try #require(ContractDomain(.balanceProof, on: Network(evm: 84_532), at: Person.token)),
            try #require(ContractDomain(.twoWay, on: Network(evm: 84_532))),
        ]
        for domain in domains {
            let elsewhere = BalanceProofStage(in: domain)
            var contract = try stage.opened()
            #expect(throws: Refusal.proofSignature) { try contract.send(elsewhere.withdraw(40)) }
            #expect(throws: Refusal.requestSignature) { try contract.send(elsewhere.requestClose(40)) }
            #expect(throws: Refusal.closingSignature) {
                guard case .closeTogether(_, _, let closing) = elsewhere.closeTogether(40) else { return }
                try contract.send(
                    .closeTogether(balance: units(40), proof: stage.proof(40), closingSignature: closing))
            }
            try contract.send(stage.requestClose(0))
            #expect(throws: Refusal.proofSignature) { try contract.send(elsewhere.dispute(40)) }
        }
    }

    @Test func `cannot block the sender's part by the receiver's (µRaiden 4: payouts of nothing)`() throws {
        var nothing = try stage.opened()
        try nothing.send(stage.requestClose(0))
        nothing.wait(seconds: 0, blocks: 500)
        #expect(try nothing.send(.settle) == [Payout(to: Person.alice.address, units(100))])
        var everything = try stage.opened()
        #expect(try everything.send(stage.closeTogether(100)) == [Payout(to: Person.bob.address, units(100))])
        var paid = try stage.opened()
        try paid.send(stage.withdraw(100))
        #expect(try paid.send(stage.closeTogether(100)) == [])
        #expect(paid.state.phase == .closed)
    }

    @Test func `is answered for a receiver that is away, by the proof alone (µRaiden 5: no watchtower)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.requestClose(0))
        // Carol watches for Bob. She has his last proof, and no key of his.
        try contract.send(stage.dispute(90))
        contract.wait(seconds: 0, blocks: 500)
        try contract.send(.settle)
        #expect(contract.paid(to: .bob) == units(90))
    }

    @Test func `cannot let an end that she asked for hang (µRaiden 6: only the sender settles)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.requestClose(90))
        contract.wait(seconds: 0, blocks: 500)
        // An order carries no sender: whoever hands it in, Bob is paid.
        #expect(try contract.send(.settle).contains(Payout(to: Person.bob.address, units(90))))
    }

    @Test func `cannot keep the end away by asking, disputing or depositing again (µRaiden 6: no most)`() throws {
        var contract = try stage.opened()
        let last = contract.block.height + 500
        try contract.send(stage.requestClose(10))
        for balance in 11...20 as ClosedRange<UInt128> {
            contract.wait(seconds: 0, blocks: 20)
            try contract.send(stage.dispute(balance))
            #expect(try contract.send(stage.requestClose(10)) == [])
            #expect(throws: Refusal.outOfTurn(phase: "closing")) { try contract.fund(1, by: .alice) }
        }
        #expect(contract.state.phase == .closing(balance: units(20), settleBlock: last))
    }

    @Test func `cannot make the blocks of the period herself, before Bob has looked`() throws {
        var contract = try stage.opened()
        contract.blockSeconds = 1
        let (last, end) = (contract.block.height + 500, contract.block.time.advanced(bySeconds: 500))
        try contract.send(stage.requestClose(10))
        #expect(contract.state.settleTime == end)
        // So many small transfers, say, within a second.
        contract.wait(seconds: 1, blocks: 501)
        #expect(throws: Refusal.challengeTimeRuns(until: end, now: contract.block.time)) {
            try contract.send(.settle)
        }
        contract.wait(seconds: 498)
        #expect(throws: Refusal.challengeTimeRuns(until: end, now: contract.block.time)) {
            try contract.send(.settle)
        }
        // Bob looks in the last second.
        try contract.send(stage.dispute(90))
        #expect(contract.state.settleTime == end, "and that makes the period no longer")
        contract.wait(seconds: 1)
        #expect(throws: Refusal.challengeOver(since: last, now: contract.block.height)) {
            try contract.send(stage.dispute(95))
        }
        try contract.send(.settle)
        #expect(contract.paid(to: .bob) == units(90))
    }

    @Test func `cannot let time alone pass, without the blocks`() throws {
        var contract = try stage.opened()
        contract.blockSeconds = 1
        let last = contract.block.height + 500
        try contract.send(stage.requestClose(10))
        contract.wait(seconds: 86_400, blocks: 499)
        #expect(throws: Refusal.challengeRuns(through: last, now: last)) { try contract.send(.settle) }
        try contract.send(stage.dispute(90))
        try contract.send(.settle)
        #expect(contract.paid(to: .bob) == units(90))
    }

    @Test func `cannot open a channel of nothing (µRaiden 6: zero deposits)`() throws {
        var contract = stage.unfunded()
        #expect(throws: Refusal.zeroDeposit) { try contract.fund(0, by: .alice) }
    }

    @Test func `cannot use a signature for another purpose (µRaiden, August 2017: one message for both)`() throws {
        var contract = try stage.opened()
        let balance = units(30)
        guard case .requestClose(_, let request) = stage.requestClose(30),
            case .closeTogether(_, _, let closing) = stage.closeTogether(30)
        else { return }
        let refused: [(Refusal, BalanceProofContract.Order)] = [
            (.proofSignature, .withdraw(balance: balance, proof: request)),
            (.proofSignature, .withdraw(balance: balance, proof: closing)),
            (.requestSignature, .requestClose(balance: balance, signature: stage.proof(30))),
            (
                .closingSignature,
                .closeTogether(
                    balance: balance, proof: stage.proof(30), closingSignature: stage.proof(30, by: .bob))
            ),
        ]
        for (refusal, order) in refused { #expect(throws: refusal) { try contract.send(order) } }
    }

    @Test func `cannot take what another sender signed for the same receiver (µRaiden, issue 193)`() throws {
        let theirs = BalanceProofStage { $0.sender = Person.mallory.address }
        var contract = theirs.unfunded()
        try contract.fund(100, by: .mallory)
        // Bob agreed to end Alice's channel with nothing.
        guard case .closeTogether(_, _, let closing) = stage.closeTogether(0) else { return }
        #expect(throws: Refusal.closingSignature) {
            try contract.send(
                .closeTogether(
                    balance: .zero, proof: theirs.proof(0, by: .mallory), closingSignature: closing))
        }
    }

    @Test func `cannot pay with what is signed in the old forms`() throws {
        var contract = try stage.opened()
        let text = BalanceProofLegacy.text(receiver: Person.bob.address, openBlock: 100, balance: units(30))
        var digests = [BalanceProofLegacy.textDigest(text)]
        for form in BalanceProofLegacy.allCases {
            digests.append(
                form.proofDigest(
                    to: Person.bob.address, openBlock: 100, balance: units(30), contract: stage.domain.contract))
        }
        for digest in digests {
            #expect(throws: Refusal.proofSignature) {
                try contract.send(.withdraw(balance: units(30), proof: Person.alice.sign(digest)))
            }
        }
    }
}
