// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The two hashes that a tree of tokens is made of.
///
/// A leaf and an inner node begin with different bytes, so neither ever passes as the other. The index of a token says
/// where its leaf is: bit 0 whether left or right of its sibling, bit 1 the same for the node above, and so on. Places
/// that have no token hold 32 zero bytes, which are the hash of nothing that anybody knows.
///
/// - Source: RFC 6962, section 2.1, for the two prefixes.
public enum MerkleTree {
    /// A token's leaf: keccak256(0x00 ‖ tag ‖ payee ‖ index as 4 bytes ‖ amount as 16 bytes ‖ secret).
    ///
    /// - Parameter tag: ``MerkleTokenTerms/tag(in:)`` of the channel.
    public static func leaf(_ token: MerkleToken, tag: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 105, alignment: 8) { space in
            space[0] = 0
            tag.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[1..<33]).copyMemory(from: $0) }
            token.payee.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[33..<53]).copyMemory(from: $0) }
            space.storeBytes(of: token.index.bigEndian, toByteOffset: 53, as: UInt32.self)
            space.storeBytes(of: token.amount.units.bigEndian, toByteOffset: 57, as: UInt128.self)
            token.secret.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[73...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }

    /// The node above two others: keccak256(0x01 ‖ left ‖ right).
    public static func inner(_ left: Hash32, _ right: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { space in
            space[0] = 1
            left.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[1..<33]).copyMemory(from: $0) }
            right.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[33...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }

    /// The node above one whose sibling is known.
    ///
    /// - Parameter position: Where `node` is on its level, from the left.
    static func above(_ node: Hash32, at position: UInt32, beside sibling: Hash32) -> Hash32 {
        position.isMultiple(of: 2) ? inner(node, sibling) : inner(sibling, node)
    }
}
