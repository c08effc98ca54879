// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What shows that one token is in a channel's tree.
public struct MerkleProof: Hashable, Sendable {
    /// The siblings on the way from the leaf to the root, bottom up: as many as the tree is deep.
    public var siblings: [Hash32]

    public init(siblings: [Hash32]) {
        self.siblings = siblings
    }

    /// Whether it leads from a token to the root: one hash for the leaf, and one for each level.
    ///
    /// - Parameter tag: ``MerkleTokenTerms/tag(in:)`` of the channel.
    public func proves(_ token: MerkleToken, terms: MerkleTokenTerms, tag: Hash32) -> Bool {
        guard terms.allows(token), siblings.count == terms.depth else { return false }
        var node = MerkleTree.leaf(token, tag: tag)
        for (level, sibling) in siblings.enumerated() {
            node = MerkleTree.above(node, at: token.index >> level, beside: sibling)
        }
        return node == terms.root
    }
}
