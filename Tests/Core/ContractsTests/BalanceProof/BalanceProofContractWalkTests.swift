// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a balance-proof contract")
struct BalanceProofContractWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `pays the receiver all that it can prove in time, and the sender all the rest`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var ends: [String: Int] = [:]
        for round in 0..<60 {
            var walk = try BalanceProofWalk(&random, what: Comment(rawValue: "seed \(seed), round \(round)"))
            for _ in 0..<20 { try walk.step(&random) }
            try walk.end()
            ends[walk.ending, default: 0] += 1
        }
        // The walk went everywhere.
        #expect(Set(ends.keys) == ["together", "alone", "disputed"], "\(ends)")
    }
}

/// Alice pays Bob and may ask for an end below what she owes; Bob looks in time, or has somebody look for him.
private struct BalanceProofWalk {
    let stage = BalanceProofStage()
    let what: Comment
    var contract: PlayedContract<BalanceProofContract>
    var ending = "alone"

    // What the walk itself keeps, whatever the contract says.

    var deposit: UInt128
    /// The most that Alice has signed for.
    var owed: UInt128 = 0
    /// Every balance that Alice has signed a proof for.
    var proofs: [UInt128] = [0]
    /// What Bob has signed a close for, after which he takes no more proofs.
    var agreed: UInt128?
    var orders: [BalanceProofContract.Order] = []

    init(_ random: inout SeededGenerator, what: Comment) throws {
        self.what = what
        deposit = UInt128.random(in: 1...100, using: &random)
        contract = try stage.opened(deposit)
    }

    mutating func step(_ random: inout SeededGenerator) throws {
        let paid = contract.state.withdrawn
        switch Int.random(in: 0..<14, using: &random) {
        case 0: try topUp(&random)
        case 1...4: pay(&random)
        case 5: try send(stage.withdraw(proofs.randomElement(using: &random) ?? 0))
        case 6:
            // Alice cheats, or does not.
            let balance = Bool.random(using: &random) ? owed : UInt128.random(in: 0...owed, using: &random)
            try send(stage.requestClose(balance))
        case 7: try send(stage.dispute(proofs.randomElement(using: &random) ?? 0))
        case 8: contract.wait(seconds: 0, blocks: UInt64.random(in: 0...300, using: &random))
        case 9: try send(.settle)
        case 10: try closeTogether(&random)
        case 11: if let order = orders.randomElement(using: &random) { try send(order) }
        default: try forge(&random)
        }
        try watch(&random)
        #expect(contract.state.withdrawn >= paid, what)
        #expect(contract.state.withdrawn.units <= owed, what)
        #expect(contract.paid(to: .bob) == contract.state.withdrawn, what)
        #expect(contract.paid(to: .mallory).isZero, what)
        if contract.state.phase == .closed { checkEnd() }
    }

    /// Whatever was not ended is ended by Alice alone, and that is always possible.
    mutating func end() throws {
        if contract.state.phase == .open {
            try contract.send(stage.requestClose(contract.state.withdrawn.units))
            if owed > contract.state.withdrawn.units { try contract.send(stage.dispute(owed)) }
        }
        if contract.state.phase != .closed {
            contract.wait(seconds: 0, blocks: 501)
            try contract.send(.settle)
        }
        checkEnd()
    }

    /// Bob has all that he can prove, unless he signed for less; Alice has all the rest.
    private func checkEnd() {
        let due = contract.paid(to: .bob).units
        #expect(due == owed || due == agreed, what)
        #expect(contract.paid(to: .alice).units == deposit - due, what)
        #expect(contract.state.locked.isZero, what)
    }

    // MARK: - Steps

    private mutating func topUp(_ random: inout SeededGenerator) throws {
        let amount = UInt128.random(in: 0...20, using: &random)
        do {
            try contract.fund(amount, by: .alice)
            deposit += amount
        } catch is BalanceProofContract.Refusal {}
    }

    /// Alice signs for more; Bob takes no proof that is beyond the deposit, or after the end has begun.
    private mutating func pay(_ random: inout SeededGenerator) {
        guard contract.state.phase == .open, agreed == nil else { return }
        owed = UInt128.random(in: owed...min(deposit, owed + 30), using: &random)
        proofs.append(owed)
    }

    private mutating func closeTogether(_ random: inout SeededGenerator) throws {
        guard contract.state.phase != .closed, agreed == nil, Int.random(in: 0..<3, using: &random) == 0 else { return }
        // Bob may give something back of what he was not paid yet.
        let paid = contract.state.withdrawn.units
        let balance = Bool.random(using: &random) ? owed : UInt128.random(in: paid...owed, using: &random)
        agreed = balance
        let order = stage.closeTogether(balance)
        orders.append(order)
        if Bool.random(using: &random) { try send(order) }
    }

    private mutating func forge(_ random: inout SeededGenerator) throws {
        let balance = UInt128.random(in: contract.state.withdrawn.units...(deposit + 1), using: &random)
        let forger = [Person.bob, .mallory].randomElement(using: &random) ?? .mallory
        let order = [
            stage.withdraw(balance, by: forger), stage.dispute(balance, by: forger),
            stage.requestClose(balance, by: forger), stage.closeTogether(balance, by: (forger, .bob)),
            stage.closeTogether(owed, by: (.alice, .mallory)), stage.withdraw(deposit + 1),
            stage.dispute(deposit + 1), stage.requestClose(deposit + 1),
        ].randomElement(using: &random)
        let before = contract.state
        if let order { try send(order, keeps: false) }
        #expect(contract.state == before, what)
    }

    private mutating func send(_ order: BalanceProofContract.Order, keeps: Bool = true) throws {
        if keeps { orders.append(order) }
        let phase = contract.state.phase
        do { try contract.send(order) } catch is BalanceProofContract.Refusal { return }
        if case .closeTogether = order, phase != .closed { ending = "together" }
    }

    /// Whoever watches for Bob answers an end that is below what he can prove.
    private mutating func watch(_ random: inout SeededGenerator) throws {
        guard case .closing(let balance, let settleBlock) = contract.state.phase, balance.units < owed,
            contract.block.height <= settleBlock
        else { return }
        contract.wait(seconds: 0, blocks: UInt64.random(in: 0...(settleBlock - contract.block.height), using: &random))
        try contract.send(stage.dispute(owed))
        ending = "disputed"
    }
}
