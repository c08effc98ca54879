// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// The bytes of one batch, with room for its header: one piece of memory that is filled again and again.
struct JournalBuffer: Sendable {
    private static let usualCapacity = 256 << 10
    private static let keptCapacity = 4 << 20

    /// All of it is initialised; ``count`` says how much is used.
    private var memory = [UInt8](repeating: 0, count: JournalBuffer.usualCapacity)
    private(set) var count = SegmentFormat.batchHeader
    private(set) var records: UInt32 = 0

    /// Starts over, and gives back memory that only an unusual batch needed.
    mutating func reset() {
        count = SegmentFormat.batchHeader
        records = 0
        if memory.count > Self.keptCapacity { memory = [UInt8](repeating: 0, count: Self.usualCapacity) }
    }

    /// The batch so far; its header is anything.
    func withBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        memory.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// Appends a commit.
    ///
    /// - Returns: Where its record begins in the batch.
    mutating func append(_ commit: ChannelCommit, version: Int64, firstEffect: Int64) -> Int {
        var scheme = commit.scheme
        return scheme.withUTF8 { scheme in
            var length = SegmentFormat.commitHeader + scheme.count + commit.state.count
            for effect in commit.effects { length += 4 + effect.count }
            return append(SegmentFormat.Kind.commit, length: length) { cursor in
                cursor.put(UInt32(truncatingIfNeeded: scheme.count))
                cursor.put(UInt32(truncatingIfNeeded: commit.state.count))
                cursor.put(UInt32(truncatingIfNeeded: commit.effects.count))
                cursor.put(UInt32(0))
                cursor.put(version)
                cursor.put(firstEffect)
                commit.channel.hash.withBytes { cursor.put($0) }
                cursor.put(UnsafeRawBufferPointer(scheme))
                commit.state.withUnsafeBytes { cursor.put($0) }
                for effect in commit.effects {
                    cursor.put(UInt32(truncatingIfNeeded: effect.count))
                    effect.withUnsafeBytes { cursor.put($0) }
                }
            }
        }
    }

    mutating func appendAcknowledgement(of effect: Int64) {
        _ = append(SegmentFormat.Kind.acknowledgement, length: 16) { $0.put(effect) }
    }

    mutating func appendBookmark(_ name: String, _ position: UInt64) {
        var name = name
        name.withUTF8 { name in
            _ = append(SegmentFormat.Kind.bookmark, length: 16 + name.count) { cursor in
                cursor.put(position)
                cursor.put(UnsafeRawBufferPointer(name))
            }
        }
    }

    /// Appends a record, beginning with its length and its kind; the next begins at a multiple of eight.
    @inline(__always) private mutating func append(
        _ kind: UInt32, length: Int, _ fill: (inout Cursor) -> Void
    ) -> Int {
        let start = count
        let end = (start + length + 7) & ~7
        if end > memory.count {
            memory += [UInt8](repeating: 0, count: max(memory.count, end - memory.count))
        }
        memory.withUnsafeMutableBytes { memory in
            // What fills up to the next record; the record itself is written over most of it.
            memory.storeBytes(of: 0, toByteOffset: end - 8, as: UInt64.self)
            var cursor = Cursor(memory: memory, offset: start)
            cursor.put(UInt32(truncatingIfNeeded: length))
            cursor.put(kind)
            fill(&cursor)
        }
        count = end
        records += 1
        return start
    }

    /// Where the next byte of a record goes.
    private struct Cursor {
        let memory: UnsafeMutableRawBufferPointer
        var offset: Int

        @inline(__always) mutating func put<Number: FixedWidthInteger & BitwiseCopyable>(_ number: Number) {
            memory.storeBytes(of: number.littleEndian, toByteOffset: offset, as: Number.self)
            offset &+= MemoryLayout<Number>.size
        }

        @inline(__always) mutating func put(_ bytes: UnsafeRawBufferPointer) {
            guard let source = bytes.baseAddress, let target = memory.baseAddress else { return }
            (target + offset).copyMemory(from: source, byteCount: bytes.count)
            offset &+= bytes.count
        }
    }
}
