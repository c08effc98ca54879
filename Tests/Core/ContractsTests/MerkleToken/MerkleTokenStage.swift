// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives

/// Alice pays Bob and Carol by turns out of a tree of eleven tokens, worth 1, 2, 3, 4, 5, 1, 2 … units.
struct MerkleTokenStage {
    static let domain = {
        guard let domain = ContractDomain(.merkleToken, on: Network(evm: 84_532)) else {
            preconditionFailure("it is no EVM chain")
        }
        return domain
    }()
    let terms: MerkleTokenTerms
    let tokens: [MerkleToken]
    let tree: MerkleTokenTree

    init(
        count: UInt32 = 11, amount: UInt128 = 5, salt: String = "salt", seed: String = "seed",
        change: (inout MerkleTokenTerms) -> Void = { _ in }
    ) {
        var terms = MerkleTokenTerms(
            payer: Person.alice.address, token: Person.token, root: .zero, tokenCount: count,
            tokenAmount: units(amount), expiry: UInt64(noon.unixSeconds) + 86_400, salt: hash(salt))
        change(&terms)
        let tokens = (0..<count).map { index in
            MerkleToken(
                payee: (index.isMultiple(of: 2) ? Person.bob : .carol).address, index: index,
                amount: units(UInt128(index) % amount + 1), secret: hash("\(seed) \(index)"))
        }
        guard let tree = MerkleTokenTree(terms, tag: terms.tag(in: Self.domain), token: { tokens[Int($0)] }) else {
            preconditionFailure("the terms have a fault")
        }
        terms.root = tree.root
        self.terms = terms
        self.tokens = tokens
        self.tree = tree
    }

    var tag: Hash32 { terms.tag(in: Self.domain) }

    func tokens(_ indices: [UInt32]) -> [MerkleToken] { indices.map { tokens[Int($0)] } }

    func redeem(_ indices: UInt32...) -> MerkleTokenContract.Order { redeem(indices) }

    func redeem(_ indices: [UInt32]) -> MerkleTokenContract.Order {
        .redeem(tokens(indices), tree.multiproof(of: indices) ?? MerkleMultiproof(nodes: []))
    }

    /// With its deposit in it.
    func opened() throws -> PlayedContract<MerkleTokenContract> { try Self.opened(terms) }

    static func opened(_ terms: MerkleTokenTerms) throws -> PlayedContract<MerkleTokenContract> {
        var contract = PlayedContract<MerkleTokenContract>(terms, in: domain)
        try contract.fund(terms.deposit?.units ?? 0, by: .alice)
        return contract
    }
}

/// Alice's tree as Mallory would have it: with anything in any place, worked out as plainly as can be.
struct PlantedTree {
    var terms: MerkleTokenTerms
    /// All places of all levels; the leaves first.
    let levels: [[Hash32]]

    /// - Parameter change: Changes the leaves, which are those of the stage and zeros behind them.
    init(_ stage: MerkleTokenStage, change: (inout [Hash32]) -> Void = { _ in }) {
        var leaves = stage.tokens.map { MerkleTree.leaf($0, tag: stage.tag) }
        leaves += Array(repeating: .zero, count: 1 << stage.terms.depth - leaves.count)
        change(&leaves)
        var levels = [leaves]
        while let below = levels.last, below.count > 1 {
            levels.append(
                stride(from: 0, to: below.count, by: 2).map { MerkleTree.inner(below[$0], below[$0 + 1]) })
        }
        self.levels = levels
        terms = stage.terms
        terms.root = levels[levels.count - 1][0]
    }

    func proof(at place: UInt32) -> MerkleProof {
        MerkleProof(siblings: levels.dropLast().enumerated().map { $1[Int(place >> $0 ^ 1)] })
    }

    func multiproof(at places: [UInt32]) -> MerkleMultiproof {
        var nodes: [Hash32] = []
        for (level, all) in levels.dropLast().enumerated() {
            let known = Set(places.map { $0 >> level })
            nodes += Set(known.map { $0 ^ 1 }).subtracting(known).sorted().map { all[Int($0)] }
        }
        return MerkleMultiproof(nodes: nodes)
    }

    /// An order for one token, with the proof that its place has.
    func redeem(_ token: MerkleToken, at place: UInt32? = nil) -> MerkleTokenContract.Order {
        .redeem([token], MerkleMultiproof(nodes: proof(at: place ?? token.index).siblings))
    }
}
