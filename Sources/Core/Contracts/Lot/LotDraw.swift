// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Which ticket of a lot wins.
public enum LotDraw {
    /// The winner's place among the tickets that were entered, in order of their indices: the first sixteen bytes,
    /// big-endian, of keccak256(secret ‖ block's hash), modulo their number.
    ///
    /// Some places come up more often than others, by less than one in 2¹¹⁸.
    ///
    /// - Parameter count: How many tickets were entered.
    /// - Returns: `nil` when there are none.
    public static func place(secret: Hash32, blockHash: Hash32, among count: Int) -> Int? {
        guard count > 0 else { return nil }
        let drawn = withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { space in
            secret.withBytes { space.copyMemory(from: $0) }
            blockHash.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[32...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space)).withBytes {
                UInt128(bigEndian: $0.loadUnaligned(as: UInt128.self))
            }
        }
        return Int(drawn % UInt128(count))
    }
}
