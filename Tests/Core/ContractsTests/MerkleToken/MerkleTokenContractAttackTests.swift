// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What could be done to the contract of MuP2P, and what a payer could plant, tried on ours.
@Suite("Mallory at a Merkle-token contract")
struct MerkleTokenContractAttackTests {
    typealias Refusal = MerkleTokenContract.Refusal

    let stage = MerkleTokenStage()

    @Test func `takes nothing with a token that she copied (MuP2P 8: tokens are bound to no merchant)`() throws {
        var contract = try stage.opened()
        var copied = stage.tokens[4]
        copied.payee = Person.mallory.address
        #expect(throws: Refusal.notProven) {
            try contract.send(
                .redeem([copied], MerkleMultiproof(nodes: try #require(stage.tree.proof(of: 4)).siblings)))
        }
        // Handing it in as it is, ahead of Bob, pays Bob; and his own order still brings him the others.
        #expect(try contract.send(stage.redeem(4)) == [Payout(to: Person.bob.address, units(5))])
        #expect(try contract.send(stage.redeem(2, 4, 6)) == [Payout(to: Person.bob.address, units(5))])
        #expect(contract.paid(to: .mallory) == .zero)
    }

    @Test func `cannot pass a node off as a token (MuP2P 9: leaves and inner nodes hash alike)`() throws {
        let planted = PlantedTree(stage)
        var contract = try stage.opened()
        for level in 0...4 {
            for position in 0..<(UInt32(16) >> UInt32(level)) {
                // The node as a secret, with what lies above it as proof; and with the whole way.
                let node = planted.levels[level][Int(position)]
                let siblings = planted.proof(at: position << level).siblings
                for nodes in [siblings[level...], siblings[...]] {
                    let token = MerkleToken(
                        payee: Person.mallory.address, index: min(position, 10), amount: units(5), secret: node)
                    #expect(throws: Refusal.notProven) {
                        try contract.send(.redeem([token], MerkleMultiproof(nodes: Array(nodes))))
                    }
                    #expect(!MerkleProof(siblings: Array(nodes)).proves(token, terms: stage.terms, tag: stage.tag))
                }
            }
        }
    }

    @Test func `gets no more than the deposit, whatever she plants (MuP2P 9: payouts have no cap)`() throws {
        // Every place holds as much as a token may be worth, even those behind the last token.
        let tokens = (0..<16).map { index in
            MerkleToken(payee: Person.mallory.address, index: index, amount: units(5), secret: hash("\(index)"))
        }
        let planted = PlantedTree(stage) { $0 = tokens.map { MerkleTree.leaf($0, tag: stage.tag) } }
        var contract = try MerkleTokenStage.opened(planted.terms)
        for token in tokens {
            if token.index < 11 {
                try contract.send(planted.redeem(token))
            } else {
                #expect(throws: Refusal.beyondEnd(index: token.index, count: 11)) {
                    try contract.send(planted.redeem(token))
                }
            }
        }
        #expect(try contract.send(.redeem(Array(tokens[...10]), planted.multiproof(at: Array(0...10)))) == [])
        #expect(contract.paid(to: .mallory) == units(55))
        #expect(contract.state.locked == .zero)
    }

    @Test func `cannot use up another payer's tokens (MuP2P 10: consumed leaves are global)`() throws {
        // She opens a channel on Alice's tree, and one on a tree with Alice's leaf in it.
        var hers = stage.terms
        hers.payer = Person.mallory.address
        var copy = PlayedContract<MerkleTokenContract>(hers, in: MerkleTokenStage.domain)
        try copy.fund(55, by: .mallory)
        #expect(copy.channel != stage.terms.channelID(in: MerkleTokenStage.domain))
        #expect(throws: Refusal.notProven) { try copy.send(stage.redeem(3)) }
        let planted = PlantedTree(MerkleTokenStage { $0.payer = Person.mallory.address }) {
            $0[3] = MerkleTree.leaf(stage.tokens[3], tag: stage.tag)
        }
        var other = PlayedContract<MerkleTokenContract>(planted.terms, in: MerkleTokenStage.domain)
        try other.fund(55, by: .mallory)
        #expect(throws: Refusal.notProven) { try other.send(planted.redeem(stage.tokens[3])) }
        var contract = try stage.opened()
        #expect(try contract.send(stage.redeem(3)) == [Payout(to: Person.carol.address, units(4))])
    }

    @Test func `loses nobody a token that is like another (MuP2P 10: equal leaves collapse)`() throws {
        let tokens = (0..<4).map { index in
            MerkleToken(payee: Person.bob.address, index: index, amount: units(2), secret: hash("the same"))
        }
        let four = MerkleTokenStage(count: 4)
        let planted = PlantedTree(four) { $0 = tokens.map { MerkleTree.leaf($0, tag: four.tag) } }
        #expect(Set(planted.levels[0]).count == 4)
        var contract = try MerkleTokenStage.opened(planted.terms)
        for token in tokens { try contract.send(planted.redeem(token)) }
        #expect(contract.paid(to: .bob) == units(8))
    }

    @Test func `keeps nobody's money for ever (MuP2P 11: never closes, no refund)`() throws {
        var contract = try stage.opened()
        try contract.send(stage.redeem(0, 1, 2))
        contract.wait(seconds: 86_400)
        #expect(try contract.send(.reclaim) == [Payout(to: Person.alice.address, units(49))])
        // The channel is used up, and another one is open to Alice at once.
        let next = MerkleTokenStage(salt: "another")
        #expect(next.terms.channelID(in: MerkleTokenStage.domain) != contract.channel)
        var another = try next.opened()
        try another.send(next.redeem(0))
    }

    @Test func `cannot be stuck by no tokens, or be paid for none (MuP2P 11: zero counts)`() throws {
        var terms = stage.terms
        terms.tokenCount = 0
        var empty = PlayedContract<MerkleTokenContract>(terms, in: MerkleTokenStage.domain)
        #expect(throws: Refusal.terms(.tokenCount(0))) { try empty.fund(0, by: .alice) }
        #expect(terms.depth == 0)
        #expect(!MerkleProof(siblings: []).proves(stage.tokens[0], terms: terms, tag: stage.tag))
        var contract = try stage.opened()
        #expect(throws: Refusal.batchSize(0)) { try contract.send(.redeem([], MerkleMultiproof(nodes: []))) }
        #expect(throws: Refusal.batchSize(0)) {
            try contract.send(.redeem([], MerkleMultiproof(nodes: [stage.terms.root])))
        }
    }

    // MARK: - What a payer plants

    @Test func `sells no index twice, though the payer plants it in two places`() throws {
        let token = stage.tokens[3]
        var other = token
        other.payee = Person.bob.address
        for twin in [token, other] {
            let planted = PlantedTree(stage) { $0[4] = MerkleTree.leaf(twin, tag: stage.tag) }
            // Whoever is shown the twin sees that its proof fails, and so does the contract.
            #expect(!planted.proof(at: 4).proves(twin, terms: planted.terms, tag: stage.tag))
            var moved = twin
            moved.index = 4
            #expect(!planted.proof(at: 4).proves(moved, terms: planted.terms, tag: stage.tag))
            var contract = try MerkleTokenStage.opened(planted.terms)
            for forged in [twin, moved] {
                #expect(throws: Refusal.notProven) { try contract.send(planted.redeem(forged, at: 4)) }
            }
            #expect(try contract.send(planted.redeem(token)) == [Payout(to: Person.carol.address, units(4))])
        }
    }

    @Test func `plants a token that is worth too much or nothing, and none is the worse for it`() throws {
        for amount in [6, 56, 0] as [UInt128] {
            var token = stage.tokens[4]
            token.amount = units(amount)
            let planted = PlantedTree(stage) { $0[4] = MerkleTree.leaf(token, tag: stage.tag) }
            #expect(!planted.proof(at: 4).proves(token, terms: planted.terms, tag: stage.tag))
            let path = MerklePath(of: token, by: planted.proof(at: 4), terms: planted.terms, tag: stage.tag)
            #expect(path == nil)
            var contract = try MerkleTokenStage.opened(planted.terms)
            #expect(throws: Refusal.tokenAmount(units(amount), index: 4, most: units(5))) {
                try contract.send(planted.redeem(token))
            }
            #expect(try contract.send(planted.redeem(stage.tokens[5])) == [Payout(to: Person.carol.address, units(1))])
        }
    }

    @Test func `plants a token for an account that nobody can pay, and it is refused before anybody is paid`() throws {
        let contracts = ContractKind.allCases.map(ContractDomain.ledgerAddress)
        for payee in contracts + [.zero, MerkleTokenStage.domain.contract, SettlementDomain.standardContract] {
            var token = stage.tokens[4]
            token.payee = payee
            let planted = PlantedTree(stage) { $0[4] = MerkleTree.leaf(token, tag: stage.tag) }
            var contract = try MerkleTokenStage.opened(planted.terms)
            #expect(throws: Refusal.invalidPayee(payee, index: 4)) {
                try contract.send(.redeem([token, stage.tokens[5]], planted.multiproof(at: [4, 5])))
            }
            #expect(try contract.send(planted.redeem(stage.tokens[5])) == [Payout(to: Person.carol.address, units(1))])
        }
        let elsewhere = try #require(
            ContractDomain(.merkleToken, on: Network(evm: 84_532), at: Person.mallory.address))
        let terms = stage.terms
        var contract = PlayedContract<MerkleTokenContract>(terms, in: elsewhere)
        try contract.fund(55, by: .alice)
        var token = stage.tokens[0]
        token.payee = elsewhere.contract
        #expect(throws: Refusal.invalidPayee(elsewhere.contract, index: 0)) {
            try contract.send(.redeem([token], MerkleMultiproof(nodes: [])))
        }
    }

    @Test func `plants a token higher or deeper in the tree, and no proof of that length is taken`() throws {
        let token = stage.tokens[0]
        let leaf = MerkleTree.leaf(token, tag: stage.tag)
        var siblings = (0..<6).map { hash("sibling \($0)") }
        for length in [0, 1, 2, 3, 5, 6] {
            var terms = stage.terms
            terms.root = siblings[..<length].reduce(leaf) { MerkleTree.inner($0, $1) }
            var contract = try MerkleTokenStage.opened(terms)
            let nodes = Array(siblings[..<length])
            #expect(throws: Refusal.notProven) {
                try contract.send(.redeem([token], MerkleMultiproof(nodes: nodes)))
            }
            #expect(!MerkleProof(siblings: nodes).proves(token, terms: terms, tag: stage.tag))
            #expect(MerklePath(of: token, by: MerkleProof(siblings: nodes), terms: terms, tag: stage.tag) == nil)
        }
        // Of the right length it is.
        siblings = Array(siblings[..<4])
        var terms = stage.terms
        terms.root = siblings.reduce(leaf) { MerkleTree.inner($0, $1) }
        var contract = try MerkleTokenStage.opened(terms)
        try contract.send(.redeem([token], MerkleMultiproof(nodes: siblings)))
    }

    @Test func `gets nothing for tokens of another channel, at another contract or on another chain`() throws {
        let other = MerkleTokenStage(salt: "another")
        var contract = try stage.opened()
        #expect(throws: Refusal.notProven) { try contract.send(other.redeem(3)) }
        #expect(throws: Refusal.notProven) {
            try contract.send(.redeem(stage.tokens([1, 2]), other.tree.multiproof(of: [1, 2]) ?? .init(nodes: [])))
        }
        for domain in [
            ContractDomain(.merkleToken, on: Network(evm: 1)),
            ContractDomain(.merkleToken, on: Network(evm: 84_532), at: Person.mallory.address),
        ] {
            var elsewhere = PlayedContract<MerkleTokenContract>(stage.terms, in: try #require(domain))
            #expect(elsewhere.channel != contract.channel)
            try elsewhere.fund(55, by: .alice)
            #expect(throws: Refusal.notProven) { try elsewhere.send(stage.redeem(3)) }
        }
    }

    @Test func `has a channel of its own for each of its terms`() {
        let changes: [(inout MerkleTokenTerms) -> Void] = [
            { $0.payer = Person.mallory.address }, { $0.token = Person.mallory.address }, { $0.root = hash("root") },
            { $0.tokenCount += 1 }, { $0.tokenAmount = units(6) }, { $0.expiry += 1 }, { $0.salt = hash("pepper") },
        ]
        var channels: Set = [stage.terms.channelID(in: MerkleTokenStage.domain)]
        for change in changes {
            var terms = stage.terms
            change(&terms)
            channels.insert(terms.channelID(in: MerkleTokenStage.domain))
        }
        #expect(channels.count == changes.count + 1)
    }
}
