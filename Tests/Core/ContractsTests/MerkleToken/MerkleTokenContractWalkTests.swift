// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A random walk over a Merkle-token contract")
struct MerkleTokenContractWalkTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 20_261_121] as [UInt64])
    func `pays each party what is its own, whatever arrives`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<40 {
            let stage = MerkleTokenStage(
                count: UInt32.random(in: 1...40, using: &random), amount: UInt128.random(in: 1...9, using: &random))
            let other = MerkleTokenStage(count: stage.terms.tokenCount, amount: 9, salt: "another", seed: "another")
            var contract = try stage.opened()
            // What was paid for, and to whom; and whether Alice has the rest.
            var paid: Set<UInt32> = []
            var closed = false
            for step in 0..<14 {
                let what = Comment(rawValue: "seed \(seed), round \(round), step \(step)")
                let indices = Self.indices(of: stage, using: &random)
                switch Int.random(in: 0..<8, using: &random) {
                case 0...3:
                    let isNew = !paid.isSuperset(of: indices)
                    do {
                        try contract.send(stage.redeem(indices))
                        if isNew { #expect(!closed, what) }
                        paid.formUnion(indices)
                    } catch is MerkleTokenContract.Refusal {
                        #expect(closed && isNew, what)
                    }
                case 4...5:
                    // Nobody has what Alice did not make, so nobody is paid for it.
                    let order = Self.tampered(stage.redeem(indices), using: &random)
                    do { #expect(try contract.send(order) == [], what) } catch is MerkleTokenContract.Refusal {}
                case 6:
                    do {
                        #expect(try contract.send(other.redeem(indices)) == [], what)
                        #expect(paid.isSuperset(of: indices), what)
                    } catch is MerkleTokenContract.Refusal {}
                default:
                    contract.wait(seconds: Int64.random(in: 0...40_000, using: &random))
                    let isOver = contract.block.time.unixSeconds >= Int64(stage.terms.expiry)
                    do {
                        try contract.send(.reclaim)
                        #expect(isOver, what)
                        closed = true
                    } catch is MerkleTokenContract.Refusal {
                        #expect(!isOver, what)
                    }
                }
                try Self.check(contract, stage, paid: paid, closed: closed, what)
            }
        }
    }

    private static func check(
        _ contract: PlayedContract<MerkleTokenContract>, _ stage: MerkleTokenStage, paid: Set<UInt32>, closed: Bool,
        _ what: Comment
    ) throws {
        let sum = { (person: Person?) in
            units(
                stage.tokens.filter { paid.contains($0.index) && (person == nil || $0.payee == person?.address) }
                    .reduce(0) { $0 + $1.amount.units })
        }
        #expect(contract.paid(to: .bob) == sum(.bob), what)
        #expect(contract.paid(to: .carol) == sum(.carol), what)
        let rest = try #require(stage.terms.deposit?.subtracting(sum(nil)), what)
        #expect(contract.paid(to: .alice) == (closed ? rest : .zero), what)
        #expect(contract.state.locked == (closed ? .zero : rest), what)
        #expect(contract.state.spent.count == paid.count, what)
        #expect(stage.tokens.allSatisfy { contract.state.spent.contains($0.index) == paid.contains($0.index) }, what)
    }

    /// Some indices of a stage's tokens, mostly few.
    private static func indices(
        of stage: MerkleTokenStage, using random: inout SeededGenerator
    ) -> [UInt32] {
        let all = Array(0..<stage.terms.tokenCount)
        let most = Bool.random(using: &random) ? min(3, all.count) : all.count
        return all.shuffled(using: &random).prefix(Int.random(in: 1...most, using: &random)).sorted()
    }

    /// The order with one thing in it that is not as Alice made it.
    private static func tampered(
        _ order: MerkleTokenContract.Order, using random: inout SeededGenerator
    ) -> MerkleTokenContract.Order {
        guard case .redeem(var tokens, var proof) = order else { return order }
        let place = Int.random(in: 0..<tokens.count, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: tokens[place].payee = Person.mallory.address
        case 1: tokens[place].amount = units(tokens[place].amount.units + 1)
        case 2: tokens[place].amount = units(tokens[place].amount.units - 1)
        case 3: tokens[place].secret = hash("guessed")
        case 4: tokens[place].index = UInt32.random(in: 0...100, using: &random) + tokens[place].index + 1
        case 5: tokens.append(tokens[place])
        case 6: proof.nodes.append(hash("one more"))
        case 7 where !proof.nodes.isEmpty:
            proof.nodes.remove(at: Int.random(in: 0..<proof.nodes.count, using: &random))
        case 8 where !proof.nodes.isEmpty:
            proof.nodes[Int.random(in: 0..<proof.nodes.count, using: &random)] = hash("another")
        default: tokens[place].payee = Person.alice.address
        }
        return .redeem(tokens, proof)
    }
}
