// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What shows that many tokens are in a channel's tree, with no hash twice.
///
/// It holds the siblings that do not follow from the tokens themselves: level by level from the bottom, and on each
/// level from left to right. So there is one multiproof for each set of tokens, and nothing in it can be left out.
public struct MerkleMultiproof: Hashable, Sendable {
    public var nodes: [Hash32]

    /// How many tokens can be proven at once: what a contract can take in one block.
    public static let tokenCounts: ClosedRange<Int> = 1...1024

    public init(nodes: [Hash32]) {
        self.nodes = nodes
    }

    /// Whether it leads from the tokens to the root.
    ///
    /// - Parameters:
    ///   - tokens: As many as ``tokenCounts`` allows, in ascending order of their indices, none twice.
    ///   - tag: ``MerkleTokenTerms/tag(in:)`` of the channel.
    public func proves(_ tokens: [MerkleToken], terms: MerkleTokenTerms, tag: Hash32) -> Bool {
        guard Self.areProvable(tokens, terms: terms) else { return false }
        var places = tokens.map { Place(position: $0.index, node: MerkleTree.leaf($0, tag: tag)) }
        var rest = nodes[...]
        for _ in 0..<terms.depth {
            // Nodes that are siblings of each other take one step together, all others with the next of the rest.
            var (read, written) = (0, 0)
            while read < places.count {
                let place = places[read]
                read += 1
                let sibling: Hash32
                if read < places.count, places[read].position == place.position ^ 1 {
                    sibling = places[read].node
                    read += 1
                } else if let next = rest.popFirst() {
                    sibling = next
                } else {
                    return false
                }
                places[written] = Place(
                    position: place.position / 2,
                    node: MerkleTree.above(place.node, at: place.position, beside: sibling))
                written += 1
            }
            places.removeSubrange(written...)
        }
        return rest.isEmpty && places.count == 1 && places[0].node == terms.root
    }

    private struct Place {
        let position: UInt32
        let node: Hash32
    }

    private static func areProvable(_ tokens: [MerkleToken], terms: MerkleTokenTerms) -> Bool {
        tokenCounts.contains(tokens.count) && tokens.allSatisfy(terms.allows)
            && areAscending(tokens.map(\.index))
    }

    static func areAscending(_ indices: [UInt32]) -> Bool {
        zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 }
    }
}

// MARK: - Making one

extension MerkleMultiproof {
    /// Puts together the proofs of single tokens.
    ///
    /// - Parameters:
    ///   - proofs: One for each of the tokens, in the same order.
    ///   - tokens: As many as ``tokenCounts`` allows, in ascending order of their indices, none twice.
    /// - Returns: `nil` when any of them does not lead from its token to the root.
    public init?(
        joining proofs: [MerkleProof], of tokens: [MerkleToken], terms: MerkleTokenTerms, tag: Hash32
    ) {
        guard proofs.count == tokens.count, Self.areProvable(tokens, terms: terms) else { return nil }
        var path: MerklePath?
        for (token, proof) in zip(tokens, proofs) {
            path = MerklePath(of: token, by: proof, terms: terms, tag: tag, after: path)
            guard path != nil else { return nil }
        }
        // All of them lead to one root, so they agree wherever they meet.
        nodes = Self.missing(tokens.map(\.index), depth: terms.depth).map { proofs[$0.leaf].siblings[$0.level] }
    }

    /// A node that no leaf of a set has on its way, though its sibling is.
    struct Missing {
        let level: Int
        let position: UInt32
        /// One of the leaves on whose way the sibling is: its number in the set.
        let leaf: Int
    }

    /// The nodes that a multiproof holds, in the order in which it holds them.
    ///
    /// - Parameter indices: Ascending, none twice.
    static func missing(_ indices: [UInt32], depth: Int) -> [Missing] {
        var missing: [Missing] = []
        var ways = indices.enumerated().map { (leaf: $0.offset, position: $0.element) }
        for level in 0..<depth {
            var above: [(leaf: Int, position: UInt32)] = []
            for (leaf, position) in ways {
                if above.last?.position == position / 2 {
                    // It is the sibling that the way before seemed to lack.
                    missing.removeLast()
                } else {
                    missing.append(Missing(level: level, position: position ^ 1, leaf: leaf))
                    above.append((leaf, position / 2))
                }
            }
            ways = above
        }
        return missing
    }
}
