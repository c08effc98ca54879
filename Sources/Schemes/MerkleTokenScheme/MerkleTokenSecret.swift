// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The secrets of a payer's tokens, of which it keeps the seed alone.
public enum MerkleTokenSecret {
    /// keccak256(0x02 ‖ seed ‖ tag ‖ index as 4 bytes).
    ///
    /// The first byte tells it from a leaf and from an inner node of the tree.
    ///
    /// - Parameters:
    ///   - seed: Random, and known to nobody else.
    ///   - tag: That of the channel, so that one seed does for many.
    public static func secret(of index: UInt32, seed: Hash32, tag: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 69, alignment: 8) { space in
            space[0] = 2
            seed.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[1..<33]).copyMemory(from: $0) }
            tag.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[33..<65]).copyMemory(from: $0) }
            space.storeBytes(of: index.bigEndian, toByteOffset: 65, as: UInt32.self)
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }
}
