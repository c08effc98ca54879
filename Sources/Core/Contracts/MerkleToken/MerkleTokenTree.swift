// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The tree of all tokens of a channel, as its payer keeps it: it hands out their proofs.
///
/// It keeps the hashes and not the tokens: 64 MB for 2^20 of them. Nodes that have no token below them are worked out
/// when they are asked for, as they are the same in every tree.
public struct MerkleTokenTree: Sendable {
    /// The nodes that have tokens below them, level by level; the leaves first, the root last.
    private let levels: [[Hash32]]
    /// For each level the node that has none below it.
    private let empty: [Hash32]

    /// Makes the tree for the terms' number of tokens, whose root is then to be written into the terms.
    ///
    /// - Parameters:
    ///   - terms: Those of the channel; their root does not matter yet.
    ///   - tag: ``MerkleTokenTerms/tag(in:)`` of the channel.
    ///   - token: Makes the token with an index. It is called once for each, in ascending order.
    /// - Returns: `nil` when the terms have a fault, or do not allow a token.
    public init?(_ terms: MerkleTokenTerms, tag: Hash32, token: (UInt32) -> MerkleToken) {
        guard terms.fault == nil else { return nil }
        var level: [Hash32] = []
        level.reserveCapacity(Int(terms.tokenCount))
        for index in 0..<terms.tokenCount {
            let token = token(index)
            guard token.index == index, terms.allows(token) else { return nil }
            level.append(MerkleTree.leaf(token, tag: tag))
        }
        var (levels, empty) = ([level], [Hash32.zero])
        for depth in 0..<terms.depth {
            let below = levels[depth]
            levels.append(
                stride(from: 0, to: below.count, by: 2).map { left in
                    MerkleTree.inner(below[left], left + 1 < below.count ? below[left + 1] : empty[depth])
                })
            empty.append(MerkleTree.inner(empty[depth], empty[depth]))
        }
        self.levels = levels
        self.empty = empty
    }

    public var root: Hash32 { node(at: 0, level: depth) }

    /// The proof of one token; `nil` when there is none with this index.
    public func proof(of index: UInt32) -> MerkleProof? {
        guard index < tokenCount else { return nil }
        return MerkleProof(siblings: (0..<depth).map { node(at: index >> $0 ^ 1, level: $0) })
    }

    /// The proof of many tokens.
    ///
    /// - Parameter indices: As many as ``MerkleMultiproof/tokenCounts`` allows, ascending, none twice.
    /// - Returns: `nil` when they are not so, or there is no token with one of them.
    public func multiproof(of indices: [UInt32]) -> MerkleMultiproof? {
        guard MerkleMultiproof.tokenCounts.contains(indices.count), MerkleMultiproof.areAscending(indices),
            indices.allSatisfy({ $0 < tokenCount })
        else { return nil }
        return MerkleMultiproof(
            nodes: MerkleMultiproof.missing(indices, depth: depth).map { node(at: $0.position, level: $0.level) })
    }

    private var depth: Int { levels.count - 1 }
    private var tokenCount: Int { levels[0].count }

    private func node(at position: UInt32, level: Int) -> Hash32 {
        let nodes = levels[level]
        return position < nodes.count ? nodes[Int(position)] : empty[level]
    }
}
