// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A balance-proof contract refuses")
struct BalanceProofContractRefusalTests {
    typealias Refusal = BalanceProofContract.Refusal
    let stage = BalanceProofStage()

    @Test(arguments: [0, 499, 500_001, .max] as [UInt64])
    func `a challenge period that is too short or too long`(blocks: UInt64) throws {
        var contract = BalanceProofStage { $0.challengeBlocks = blocks }.unfunded()
        #expect(throws: Refusal.terms(.challengePeriod(blocks: blocks))) { try contract.fund(100, by: .alice) }
    }

    @Test func `a sender that would pay itself`() throws {
        var contract = BalanceProofStage { $0.receiver = $0.sender }.unfunded()
        #expect(throws: Refusal.terms(.samePartner(Person.alice.address))) { try contract.fund(100, by: .alice) }
    }

    @Test func `deposits that are nothing, or somebody else's`() throws {
        var contract = stage.unfunded()
        for _ in 0..<2 {
            #expect(throws: Refusal.zeroDeposit) { try contract.fund(0, by: .alice) }
            for person in [Person.bob, .mallory] {
                #expect(throws: Refusal.foreignPayer(person.address)) { try contract.fund(5, by: person) }
            }
            try contract.fund(100, by: .alice)
        }
    }

    @Test func `more and less than the limits allow`() throws {
        var contract = stage.unfunded()
        contract.limits = ContractLimits(minimum: units(50), maximum: units(60))
        #expect(throws: Refusal.belowMinimum(sum: units(49), minimum: units(50))) { try contract.fund(49, by: .alice) }
        #expect(throws: Refusal.aboveMaximum(sum: units(61), maximum: units(60))) { try contract.fund(61, by: .alice) }
        try contract.fund(50, by: .alice)
        #expect(throws: Refusal.aboveMaximum(sum: units(61), maximum: units(60))) { try contract.fund(11, by: .alice) }
        try contract.fund(10, by: .alice)
        contract.limits = .none
        #expect(throws: Refusal.aboveMaximum(sum: .max, maximum: .max)) { try contract.fund(.max - 59, by: .alice) }
        try contract.fund(.max - 60, by: .alice)
        #expect(contract.state.locked == .max)
    }

    @Test func `a deposit when it is closing or closed`() throws {
        var contract = try stage.opened()
        try contract.send(stage.requestClose(5))
        #expect(throws: Refusal.outOfTurn(phase: "closing")) { try contract.fund(1, by: .alice) }
        try contract.send(stage.closeTogether(5))
        #expect(throws: Refusal.outOfTurn(phase: "closed")) { try contract.fund(1, by: .alice) }
    }

    @Test func `what is not its turn`() throws {
        let orders = [
            stage.withdraw(30), stage.closeTogether(30), stage.requestClose(30), stage.dispute(30), .settle,
        ]
        func refuse(_ indices: some Sequence<Int>, in contract: inout PlayedContract<BalanceProofContract>) {
            for index in indices {
                #expect(throws: Refusal.outOfTurn(phase: contract.state.phaseName), "\(index)") {
                    try contract.send(orders[index])
                }
            }
        }
        var contract = stage.unfunded()
        refuse(0..<5, in: &contract)
        try contract.fund(100, by: .alice)
        refuse(3..<5, in: &contract)
        try contract.send(stage.requestClose(29))
        refuse([0, 2], in: &contract)
        contract.wait(seconds: 0, blocks: 501)
        try contract.send(.settle)
        refuse(0..<4, in: &contract)
    }

    @Test func `balances beyond the deposit, or short of what was paid`() throws {
        var contract = try stage.opened()
        try contract.send(stage.withdraw(20))
        let beyond = Refusal.exceedsDeposit(balance: units(101), deposit: units(100))
        for order in [stage.withdraw(101), stage.closeTogether(101), stage.requestClose(101)] {
            #expect(throws: beyond) { try contract.send(order) }
        }
        let short = Refusal.belowWithdrawn(balance: units(19), withdrawn: units(20))
        for order in [stage.closeTogether(19), stage.requestClose(19)] {
            #expect(throws: short) { try contract.send(order) }
        }
        try contract.send(stage.requestClose(20))
        for order in [stage.dispute(101), stage.closeTogether(101)] {
            #expect(throws: beyond) { try contract.send(order) }
        }
        #expect(throws: short) { try contract.send(stage.closeTogether(19)) }
    }

    @Test func `a dispute that comes too late, and an end that comes too early`() throws {
        var contract = try stage.opened()
        let last = contract.block.height + 500
        try contract.send(stage.requestClose(20))
        contract.wait(seconds: 0, blocks: 499)
        #expect(contract.block.height == last)
        #expect(throws: Refusal.challengeRuns(through: last, now: last)) { try contract.send(.settle) }
        contract.wait(seconds: 0, blocks: 1)
        #expect(throws: Refusal.challengeOver(since: last, now: last + 1)) { try contract.send(stage.dispute(30)) }
        try contract.send(.settle)
    }

    @Test func `signatures of others, wherever one is needed`() throws {
        var contract = try stage.opened()
        for person in [Person.bob, .mallory] {
            #expect(throws: Refusal.proofSignature) { try contract.send(stage.withdraw(30, by: person)) }
            #expect(throws: Refusal.proofSignature) { try contract.send(stage.closeTogether(30, by: (person, .bob))) }
            #expect(throws: Refusal.requestSignature) { try contract.send(stage.requestClose(30, by: person)) }
        }
        for person in [Person.alice, .mallory] {
            #expect(throws: Refusal.closingSignature) {
                try contract.send(stage.closeTogether(30, by: (.alice, person)))
            }
        }
        try contract.send(stage.requestClose(0))
        #expect(throws: Refusal.proofSignature) { try contract.send(stage.dispute(30, by: .bob)) }
    }

    @Test func `with a code and a message of its own for each`() {
        let refusals: [Refusal] = [
            .terms(.samePartner(.zero)), .foreignPayer(.zero), .zeroDeposit, .belowMinimum(sum: .zero, minimum: .max),
            .aboveMaximum(sum: .max, maximum: .zero), .outOfTurn(phase: "open"),
            .exceedsDeposit(balance: .max, deposit: .zero), .belowWithdrawn(balance: .zero, withdrawn: .max),
            .proofSignature, .closingSignature, .requestSignature, .challengeOver(since: 1, now: 2),
            .challengeRuns(through: 2, now: 1), .challengeTimeRuns(until: noon, now: noon),
        ]
        #expect(Set(refusals.map(\.code)).count == refusals.count)
        #expect(Set(refusals.map(\.message)).count == refusals.count)
        #expect(refusals.allSatisfy { $0.code.hasPrefix("balance-proof.") })
        #expect(refusals.compactMap(\.remedy).count == 4)
    }
}
