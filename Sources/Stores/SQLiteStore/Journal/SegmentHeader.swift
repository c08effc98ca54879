// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// The first block of a segment.
struct SegmentHeader: Hashable {
    /// 1 for the first segment of a store, and one more for each after it.
    var number: UInt32
    /// Drawn when the store got its journal; it stands in the store's own file too.
    var identity: UInt64
    /// The sequence number of its first batch.
    ///
    /// Whatever an earlier segment has of this number or above is void.
    var firstSequence: UInt64

    private static let length = 40

    /// What the first bytes of a file are.
    enum Reading: Hashable {
        case header(SegmentHeader)
        case newer
        case foreign
        case damaged
    }

    /// Fills the first block.
    func write(to block: UnsafeMutableRawBufferPointer) {
        block.initializeMemory(as: UInt8.self, repeating: 0)
        block.storeBytes(of: SegmentFormat.magic.littleEndian, toByteOffset: 0, as: UInt64.self)
        block.storeBytes(of: SegmentFormat.version.littleEndian, toByteOffset: 8, as: UInt32.self)
        block.storeBytes(of: number.littleEndian, toByteOffset: 12, as: UInt32.self)
        block.storeBytes(of: identity.littleEndian, toByteOffset: 16, as: UInt64.self)
        block.storeBytes(of: firstSequence.littleEndian, toByteOffset: 24, as: UInt64.self)
        let checksum = XXHash64.hash(UnsafeRawBufferPointer(rebasing: block[..<32]), seed: 0)
        block.storeBytes(of: checksum.littleEndian, toByteOffset: 32, as: UInt64.self)
    }

    static func read(_ block: UnsafeRawBufferPointer) -> Reading {
        guard block.count >= length else { return .damaged }
        let checksum = XXHash64.hash(UnsafeRawBufferPointer(rebasing: block[..<32]), seed: 0)
        let isWhole = UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 32, as: UInt64.self)) == checksum
        guard UInt64(littleEndian: block.loadUnaligned(as: UInt64.self)) == SegmentFormat.magic else {
            return .foreign
        }
        guard isWhole else { return .damaged }
        let version = UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        guard version == SegmentFormat.version else { return version > SegmentFormat.version ? .newer : .damaged }
        return .header(
            SegmentHeader(
                number: UInt32(littleEndian: block.loadUnaligned(fromByteOffset: 12, as: UInt32.self)),
                identity: UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
                firstSequence: UInt64(littleEndian: block.loadUnaligned(fromByteOffset: 24, as: UInt64.self))))
    }
}
