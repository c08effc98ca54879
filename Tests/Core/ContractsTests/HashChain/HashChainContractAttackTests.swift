// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the contract of MuP2P, tried on ours.
@Suite("Mallory at a hash-chain contract")
struct HashChainContractAttackTests {
    let stage = HashChainStage()

    @Test func `redeems no more steps than were deposited (MuP2P 1: used is not bounded)`() throws {
        // She is payer and payee, and her chain goes on behind its end.
        let long = HashChainStage(count: 20, salt: "long")
        var terms = long.terms
        terms.stepCount = 1
        var contract = PlayedContract<HashChainContract>(terms, in: HashChainStage.domain)
        try contract.fund(3, by: .alice)
        #expect(throws: HashChainContract.Refusal.beyondEnd(index: 20, count: 1)) {
            try contract.send(.redeem(long.step(20)))
        }
        #expect(contract.paid(to: .bob) == .zero)
    }

    @Test func `does not overwrite a live channel (MuP2P 2: createChannel overwrites)`() throws {
        var contract = try stage.opened()
        try contract.send(.redeem(stage.step(5)))
        #expect(throws: HashChainContract.Refusal.alreadyFunded) { try contract.fund(30, by: .alice) }
        try contract.send(stage.close(5))
        // Nor does she open a closed one again, whose steps everybody knows.
        #expect(throws: HashChainContract.Refusal.alreadyFunded) { try contract.fund(30, by: .alice) }
    }

    @Test func `keeps nobody's money for ever (MuP2P 3: no refund, no reclaim)`() throws {
        var closed = try stage.opened()
        try closed.send(stage.close(1))
        #expect(closed.paid(to: .alice) == units(27))
        var abandoned = try stage.opened()
        abandoned.wait(seconds: 86_400)
        try abandoned.send(.reclaim)
        #expect(abandoned.paid(to: .alice) == units(30))
    }

    @Test func `cannot be stuck by a chain of no steps (MuP2P 4: division by zero)`() throws {
        var terms = stage.terms
        terms.stepCount = 0
        var contract = PlayedContract<HashChainContract>(terms, in: HashChainStage.domain)
        #expect(throws: HashChainContract.Refusal.terms(.stepCount(0))) { try contract.fund(0, by: .alice) }
    }

    @Test func `redeems a long chain in parts (MuP2P 5: one redemption hashes them all)`() throws {
        let long = HashChainStage(count: 65_535, amount: 1, salt: "long")
        var contract = try long.opened()
        for index in stride(from: UInt32(1000), through: 65_000, by: 1000) {
            try contract.send(.redeem(long.step(index)))
        }
        try contract.send(.redeem(long.step(65_535)))
        #expect(contract.paid(to: .bob) == units(65_535))
    }

    @Test func `gets nothing for steps of another channel (MuP2P 6: the anchor is bound to nothing)`() throws {
        // Alice made two chains from one seed, one for Bob and one for Mallory.
        let theirs = HashChainStage { $0.receiver = Person.mallory.address }
        var contract = try theirs.opened()
        #expect(throws: HashChainContract.Refusal.foreignStep(index: 3)) {
            try contract.send(.redeem(stage.step(3)))
        }
        // Nor at another contract, or on another chain.
        let elsewhere = try #require(ContractDomain(.hashChain, on: Network(evm: 1)))
        #expect(stage.terms.tag(in: elsewhere) != stage.terms.tag(in: HashChainStage.domain))
        #expect(stage.terms.channelID(in: elsewhere) != stage.terms.channelID(in: HashChainStage.domain))
    }

    @Test func `cannot take an earlier step for a later one`() throws {
        var contract = try stage.opened()
        #expect(throws: HashChainContract.Refusal.foreignStep(index: 6)) {
            try contract.send(.redeem(HashChainStep(index: 6, value: stage.steps[5])))
        }
        #expect(throws: HashChainContract.Refusal.foreignStep(index: 5)) {
            try contract.send(.redeem(HashChainStep(index: 5, value: stage.steps[6])))
        }
        #expect(throws: HashChainContract.Refusal.foreignStep(index: 1)) {
            try contract.send(.redeem(HashChainStep(index: 1, value: .zero)))
        }
    }

    @Test func `cannot close a channel in the payee's name`() throws {
        var contract = try stage.opened()
        for person in [Person.alice, .mallory] {
            #expect(throws: HashChainContract.Refusal.closeSignature) {
                try contract.send(stage.close(0, by: person))
            }
        }
        // A signature for five steps does not close with fewer.
        guard case .close(_, let signature) = stage.close(5) else { return }
        #expect(throws: HashChainContract.Refusal.closeSignature) {
            try contract.send(.close(stage.step(0), signature: signature))
        }
    }
}
