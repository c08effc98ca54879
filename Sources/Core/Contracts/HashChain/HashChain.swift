// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The one hash that a hash chain is made of.
///
/// Step `i` is the hash of step `i + 1`, its number and the channel's tag, so whoever has a step can work out all
/// before it and none behind it. Step 0 is the anchor.
public enum HashChain {
    /// The step before: keccak256(tag ‖ index as 32 bytes ‖ step).
    ///
    /// - Parameter index: The number of `step`; at least 1.
    public static func step(before step: Hash32, at index: UInt32, tag: Hash32) -> Hash32 {
        withUnsafeTemporaryAllocation(byteCount: 96, alignment: 8) { space in
            tag.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[..<32]).copyMemory(from: $0) }
            for offset in stride(from: 32, to: 56, by: 8) {
                space.storeBytes(of: 0, toByteOffset: offset, as: UInt64.self)
            }
            space.storeBytes(of: UInt64(index).bigEndian, toByteOffset: 56, as: UInt64.self)
            step.withBytes { UnsafeMutableRawBufferPointer(rebasing: space[64...]).copyMemory(from: $0) }
            return Keccak256.hash(UnsafeRawBufferPointer(space))
        }
    }

    /// The step that lies so far before another one: one hash for each step between them.
    ///
    /// - Parameters:
    ///   - earlier: The number of the step that is asked for; at most `index`.
    public static func step(
        _ earlier: UInt32, from step: Hash32, at index: UInt32, tag: Hash32
    ) -> Hash32 {
        var (value, number) = (step, index)
        while number > earlier {
            value = self.step(before: value, at: number, tag: tag)
            number -= 1
        }
        return value
    }
}
