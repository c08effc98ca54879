// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("A Merkle-token contract")
struct MerkleTokenContractTests {
    typealias Refusal = MerkleTokenContract.Refusal

    let stage = MerkleTokenStage()

    @Test func `pays each token once, to the payee that it names`() throws {
        var contract = try stage.opened()
        #expect(try contract.send(stage.redeem(3)) == [Payout(to: Person.carol.address, units(4))])
        #expect(try contract.send(stage.redeem(10)) == [Payout(to: Person.bob.address, units(1))])
        #expect(try contract.send(stage.redeem(3)) == [])
        #expect(contract.state.locked == units(50))
        #expect(contract.state.redeemed == units(5))
        #expect(contract.state.spent.count == 2)
    }

    @Test func `pays many tokens at once, each payee in one sum, in the order in which they appear`() throws {
        var contract = try stage.opened()
        let payouts = try contract.send(stage.redeem(1, 2, 3, 4))
        #expect(payouts == [Payout(to: Person.carol.address, units(6)), Payout(to: Person.bob.address, units(8))])
    }

    @Test func `passes over tokens that were paid, and pays the others`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(1, 2))
        #expect(try contract.send(stage.redeem(0, 1, 2, 4)) == [Payout(to: Person.bob.address, units(6))])
        #expect(try contract.send(stage.redeem(0, 4)) == [])
    }

    @Test func `pays for all tokens, and gives the rest back when the channel has expired`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(Array(0..<11)))
        #expect(contract.state.redeemed == units(31))
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.reclaim) == [Payout(to: Person.alice.address, units(24))])
        #expect(contract.state.phase == .closed)
    }

    @Test func `still pays after the expiry, until the payer has reclaimed`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 100_000)
        #expect(try contract.send(stage.redeem(0)) == [Payout(to: Person.bob.address, units(1))])
        #expect(try contract.send(.reclaim) == [Payout(to: Person.alice.address, units(54))])
        #expect(throws: Refusal.notOpen(phase: "closed")) { try contract.send(stage.redeem(0, 1)) }
    }

    @Test func `answers to what was done already, and does nothing`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(0, 5))
        contract.wait(seconds: 100_000)
        try contract.send(.reclaim)
        let state = contract.state
        #expect(try contract.send(.reclaim) == [])
        #expect(try contract.send(stage.redeem(5)) == [])
        #expect(contract.state == state)
    }

    @Test func `pays a channel of one token, which is the root itself`() throws {
        let single = MerkleTokenStage(count: 1)
        #expect(single.terms.depth == 0)
        var contract = try single.opened()
        #expect(try contract.send(single.redeem(0)) == [Payout(to: Person.bob.address, units(1))])
    }

    @Test func `gives back a deposit of which every unit was paid without a payout`() throws {
        let full = MerkleTokenStage(count: 4, amount: 1)
        var contract = try full.opened()
        try contract.send(full.redeem(0, 1, 2, 3))
        #expect(contract.state.locked == .zero)
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.reclaim) == [])
        #expect(contract.state.phase == .closed)
    }

    @Test func `pays 1,024 tokens in one order, and no more`() throws {
        let large = MerkleTokenStage(count: 1100)
        var contract = try large.opened()
        #expect(throws: Refusal.batchSize(1025)) { try contract.send(large.redeem(Array(0..<1025))) }
        try contract.send(large.redeem(Array(50..<1074)))
        #expect(contract.state.spent.count == 1024)
    }

    // MARK: - Refusals

    struct Deposit: CustomTestStringConvertible {
        let code: String
        let deposit: UInt128
        let change: @Sendable (inout MerkleTokenTerms) -> Void

        init(_ code: String, _ deposit: UInt128 = 55, _ change: @escaping @Sendable (inout MerkleTokenTerms) -> Void) {
            self.code = code
            self.deposit = deposit
            self.change = change
        }

        var testDescription: String { code }
    }

    @Test(arguments: [
        Deposit("merkle-token.terms") { $0.tokenCount = 0 },
        Deposit("merkle-token.terms") { $0.tokenCount = 1_048_577 },
        Deposit("merkle-token.terms") { $0.tokenAmount = .zero },
        Deposit("merkle-token.terms") { $0.tokenAmount = .max },
        Deposit("merkle-token.foreign-payer") { $0.payer = Person.carol.address },
        Deposit("merkle-token.deposit-mismatch", 54) { _ in },
        Deposit("merkle-token.deposit-mismatch", 56) { _ in },
        Deposit("merkle-token.lifetime") { $0.expiry = UInt64(noon.unixSeconds) + 899 },
        Deposit("merkle-token.lifetime") { $0.expiry = UInt64(noon.unixSeconds) + 31_622_401 },
        Deposit("merkle-token.lifetime") { $0.expiry = 0 },
        Deposit("merkle-token.lifetime") { $0.expiry = .max },
    ])
    func `refuses a deposit, and stays as it was`(_ planted: Deposit) throws {
        var terms = stage.terms
        planted.change(&terms)
        var contract = PlayedContract<MerkleTokenContract>(terms, in: MerkleTokenStage.domain)
        let refusal = #expect(throws: Refusal.self) { try contract.fund(planted.deposit, by: .alice) }
        #expect(refusal?.code == planted.code)
        #expect(refusal?.message.isEmpty == false)
    }

    @Test func `refuses a second deposit`() throws {
        var contract = try stage.opened()
        #expect(throws: Refusal.alreadyFunded) { try contract.fund(55, by: .alice) }
    }

    @Test func `refuses what is not its turn`() throws {
        var contract = PlayedContract<MerkleTokenContract>(stage.terms, in: MerkleTokenStage.domain)
        for order in [stage.redeem(1), .reclaim] {
            #expect(throws: Refusal.notOpen(phase: "unfunded")) { try contract.send(order) }
        }
        try contract.fund(55, by: .alice)
        contract.wait(seconds: 86_400)
        try contract.send(.reclaim)
        #expect(throws: Refusal.notOpen(phase: "closed")) { try contract.send(stage.redeem(1)) }
        #expect(throws: Refusal.alreadyFunded) { try contract.fund(55, by: .alice) }
    }

    @Test func `refuses an order without tokens`() throws {
        var contract = try stage.opened()
        #expect(throws: Refusal.batchSize(0)) { try contract.send(stage.redeem()) }
    }

    @Test(arguments: [[3, 2], [3, 3], [0, 4, 4], [10, 0]] as [[UInt32]])
    func `refuses tokens that are out of order, or there twice`(indices: [UInt32]) throws {
        var contract = try stage.opened()
        let nodes = PlantedTree(stage).multiproof(at: indices)
        #expect(throws: Refusal.unsorted) { try contract.send(.redeem(stage.tokens(indices), nodes)) }
    }

    @Test func `refuses a token that is worth nothing, or too much, or in no place`() throws {
        var contract = try stage.opened()
        for (refusal, change) in [
            (.tokenAmount(.zero, index: 2, most: units(5)), { $0.amount = .zero }),
            (.tokenAmount(units(6), index: 2, most: units(5)), { $0.amount = units(6) }),
            (.tokenAmount(.max, index: 2, most: units(5)), { $0.amount = .max }),
            (.beyondEnd(index: 11, count: 11), { $0.index = 11 }),
            (.beyondEnd(index: .max, count: 11), { $0.index = .max }),
        ] as [(Refusal, (inout MerkleToken) -> Void)] {
            var token = stage.tokens[2]
            change(&token)
            #expect(throws: refusal) { try contract.send(.redeem([token], MerkleMultiproof(nodes: []))) }
        }
    }

    @Test func `refuses to end a second before the expiry`() throws {
        var contract = try stage.opened()
        contract.wait(seconds: 86_399)
        let refusal = #expect(throws: Refusal.self) { try contract.send(.reclaim) }
        #expect(refusal?.code == "merkle-token.not-expired")
        contract.wait(seconds: 1)
        try contract.send(.reclaim)
    }

    @Test func `explains each refusal`() {
        let refusals: [Refusal] = [
            .terms(.tokenCount(0)), .terms(.zeroToken), .terms(.overflow), .foreignPayer(.zero),
            .depositMismatch(deposit: .zero, needed: .max), .alreadyFunded, .notOpen(phase: "closed"),
            .lifetime(seconds: 1), .batchSize(0), .unsorted, .beyondEnd(index: 1, count: 1),
            .tokenAmount(.zero, index: 0, most: .max), .invalidPayee(.zero, index: 0), .notProven,
            .notExpired(until: 1, now: noon),
        ]
        #expect(refusals.allSatisfy { $0.code.hasPrefix("merkle-token.") && $0.message.hasSuffix(".") })
        #expect(Set(refusals.map(\.code)).count == 13)
        #expect(Set(refusals.map(\.message)).count == refusals.count)
    }
}
