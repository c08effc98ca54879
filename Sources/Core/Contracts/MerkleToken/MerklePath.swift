// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The way of a token that was proven, from its leaf to the root.
///
/// Whoever sees tokens one after the other need not hash the way of each to the root: it is enough to reach a node
/// that is known to be in the tree. For neighbours that is one hash besides the leaf, or two.
public struct MerklePath: Hashable, Sendable {
    public let index: UInt32
    /// The nodes on the way, bottom up: the leaf first, the root last.
    private let nodes: [Hash32]
    private let siblings: [Hash32]

    /// Goes the way of a token up to the first node of another way in the same tree.
    ///
    /// What it refuses and what it takes in is the same with and without that other way.
    ///
    /// - Parameters:
    ///   - tag: ``MerkleTokenTerms/tag(in:)`` of the channel.
    ///   - known: The way that was proven last; one in another tree is of no use, and does no harm.
    /// - Returns: `nil` when ``MerkleProof/proves(_:terms:tag:)`` is false.
    public init?(
        of token: MerkleToken, by proof: MerkleProof, terms: MerkleTokenTerms, tag: Hash32,
        after known: MerklePath? = nil
    ) {
        guard terms.allows(token), proof.siblings.count == terms.depth else { return nil }
        let known = known.flatMap { $0.isIn(terms) ? $0 : nil }
        let shared = known?.levelShared(with: token.index) ?? terms.depth
        var nodes: [Hash32] = []
        nodes.reserveCapacity(terms.depth + 1)
        var node = MerkleTree.leaf(token, tag: tag)
        for level in 0..<shared {
            nodes.append(node)
            node = MerkleTree.above(node, at: token.index >> level, beside: proof.siblings[level])
        }
        if let known {
            // What lies beside the rest of the way is hashed no more, so it must be what was hashed before.
            guard node == known.nodes[shared], proof.siblings[shared...] == known.siblings[shared...] else {
                return nil
            }
            nodes += known.nodes[shared...]
        } else {
            guard node == terms.root else { return nil }
            nodes.append(node)
        }
        index = token.index
        self.nodes = nodes
        siblings = proof.siblings
    }

    /// Whether a proof leads from a token to the root, by way of a node that is known.
    public func verifies(
        _ token: MerkleToken, by proof: MerkleProof, terms: MerkleTokenTerms, tag: Hash32
    ) -> Bool {
        MerklePath(of: token, by: proof, terms: terms, tag: tag, after: self) != nil
    }

    /// The lowest level at which the way of another leaf meets this one: that many hashes besides its leaf's show that
    /// it is in the tree.
    public func levelShared(with index: UInt32) -> Int {
        min(UInt32.bitWidth - (self.index ^ index).leadingZeroBitCount, siblings.count)
    }

    private func isIn(_ terms: MerkleTokenTerms) -> Bool {
        siblings.count == terms.depth && nodes.last == terms.root
    }
}
