// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A batch as it goes to the disk: aligned for direct writing, with its header, and zeros up to the end of a block.
final class BatchImage {
    private static let keptCapacity = 4 << 20
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: SegmentFormat.block)

    deinit { memory.deallocate() }

    /// Makes the image of a batch, which lasts until the next is made.
    func make(
        of buffer: JournalBuffer, sequence: UInt64, segment: UInt32, identity: UInt64
    ) -> UnsafeRawBufferPointer {
        let count = buffer.count
        let end = SegmentFormat.rounded(count)
        if end > memory.count || memory.count > max(end, Self.keptCapacity) {
            memory.deallocate()
            memory = .allocate(byteCount: max(end, 256 << 10), alignment: SegmentFormat.block)
        }
        let header = SegmentFormat.batchHeader
        buffer.withBytes { bytes in
            UnsafeMutableRawBufferPointer(rebasing: memory[header...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[header...]))
        }
        UnsafeMutableRawBufferPointer(rebasing: memory[count..<end]).initializeMemory(as: UInt8.self, repeating: 0)
        memory.storeBytes(of: sequence.littleEndian, toByteOffset: 8, as: UInt64.self)
        memory.storeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian, toByteOffset: 16, as: UInt32.self)
        memory.storeBytes(of: buffer.records.littleEndian, toByteOffset: 20, as: UInt32.self)
        memory.storeBytes(of: segment.littleEndian, toByteOffset: 24, as: UInt32.self)
        memory.storeBytes(of: 0, toByteOffset: 28, as: UInt32.self)
        let covered = UnsafeRawBufferPointer(rebasing: memory[8..<count])
        memory.storeBytes(
            of: XXHash64.hash(covered, seed: identity).littleEndian, toByteOffset: 0, as: UInt64.self)
        return UnsafeRawBufferPointer(rebasing: memory[..<end])
    }
}
