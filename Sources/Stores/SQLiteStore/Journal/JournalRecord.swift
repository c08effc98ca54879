// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// A record of a batch whose checksum was right, read in place.
///
/// Nothing is copied before it is asked for. Every length is checked against the bytes that are there.
enum JournalRecord {
    case commit(Commit)
    case acknowledgement(of: Int64)
    case bookmark(String, UInt64)

    /// A commit's record; good only as long as the bytes it was read from.
    struct Commit {
        fileprivate let bytes: UnsafeRawBufferPointer
        let channel: ChannelID
        let version: Int64
        let firstEffect: Int64
        let effectCount: Int
        private let schemeLength: Int
        private let stateLength: Int

        fileprivate init?(_ bytes: UnsafeRawBufferPointer) {
            guard bytes.count >= SegmentFormat.commitHeader else { return nil }
            self.bytes = bytes
            schemeLength = Int(bytes.number(at: 8) as UInt32)
            stateLength = Int(bytes.number(at: 12) as UInt32)
            effectCount = Int(bytes.number(at: 16) as UInt32)
            version = bytes.number(at: 24)
            firstEffect = bytes.number(at: 32)
            channel = ChannelID(Hash32 { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[40..<72])) })
            guard SegmentFormat.commitHeader + schemeLength + stateLength <= bytes.count, version > 0,
                firstEffect >= 0, firstEffect <= .max - Int64(effectCount)
            else { return nil }
        }

        var record: ChannelRecord {
            ChannelRecord(scheme: scheme, state: Array(state), version: Version(number: version))
        }

        var scheme: String {
            let start = SegmentFormat.commitHeader
            return String(decoding: bytes[start..<start + schemeLength], as: UTF8.self)
        }

        /// The scheme's name as it stands, without making a string of it.
        var schemeBytes: UnsafeRawBufferPointer {
            let start = SegmentFormat.commitHeader
            return UnsafeRawBufferPointer(rebasing: bytes[start..<start + schemeLength])
        }

        var state: UnsafeRawBufferPointer {
            let start = SegmentFormat.commitHeader + schemeLength
            return UnsafeRawBufferPointer(rebasing: bytes[start..<start + stateLength])
        }

        /// The effects, or `nil` when they do not fill the record exactly.
        var effects: [PendingEffect]? {
            var effects: [PendingEffect] = []
            var cursor = SegmentFormat.commitHeader + schemeLength + stateLength
            for number in 0..<effectCount {
                guard cursor + 4 <= bytes.count else { return nil }
                let end = cursor + 4 + Int(bytes.number(at: cursor) as UInt32)
                guard end <= bytes.count else { return nil }
                let body = Array(bytes[cursor + 4..<end])
                effects.append(PendingEffect(id: firstEffect + Int64(number), channel: channel, body: body))
                cursor = end
            }
            return cursor == bytes.count ? effects : nil
        }
    }

    /// Reads the record at an offset.
    ///
    /// - Returns: It, and where the next one begins; `nil` when the bytes are none.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (record: JournalRecord, end: Int)? {
        guard offset >= 0, offset + 8 <= bytes.count else { return nil }
        let length = Int(bytes.number(at: offset) as UInt32)
        let kind: UInt32 = bytes.number(at: offset + 4)
        guard length >= 8, offset + length <= bytes.count else { return nil }
        let own = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
        let end = offset + (length + 7) & ~7
        switch kind {
        case SegmentFormat.Kind.commit:
            guard let commit = Commit(own) else { return nil }
            return (.commit(commit), end)
        case SegmentFormat.Kind.acknowledgement:
            guard length == 16 else { return nil }
            return (.acknowledgement(of: own.number(at: 8)), end)
        case SegmentFormat.Kind.bookmark:
            guard length >= 16 else { return nil }
            return (.bookmark(String(decoding: own[16...], as: UTF8.self), own.number(at: 8)), end)
        default: return nil
        }
    }
}

extension UnsafeRawBufferPointer {
    /// A little-endian number at an offset that the caller has checked.
    @inline(__always) func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
