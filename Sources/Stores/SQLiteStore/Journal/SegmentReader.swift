// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation

/// Reads the batches of one segment, in their order, also of one that still grows.
final class SegmentReader {
    /// What the header of a segment's file says.
    enum Opening {
        case reader(SegmentReader)
        /// It was being made when the power failed: nothing was ever written behind its header.
        case unfinished
    }

    let file: any JournalFile
    let header: SegmentHeader
    /// Where the next batch begins.
    private(set) var offset = SegmentFormat.block
    private(set) var nextSequence: UInt64
    private let path: String

    private var window: UnsafeMutableRawBufferPointer
    private var windowStart = 0
    private var windowCount = 0
    private static let windowSize = 1 << 20

    /// Opens a segment and checks that it is the one that is asked for.
    ///
    /// - Throws: `StoreError.newer`, or `StoreError.damaged` with the file and the offset.
    static func open(
        _ file: any JournalFile, number: UInt32, identity: UInt64, path: String
    ) throws(StoreError) -> Opening {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: SegmentFormat.block, alignment: 8)
        defer { block.deallocate() }
        let count = try file.read(into: block, at: 0)
        switch SegmentHeader.read(UnsafeRawBufferPointer(rebasing: block[..<count])) {
        case .header(let header):
            guard header.identity == identity else {
                throw .damaged(path: path, reason: "it is the journal of another store")
            }
            guard header.number == number else {
                throw .damaged(path: path, reason: "it is segment \(header.number) under another name")
            }
            return .reader(SegmentReader(file, header: header, path: path))
        case .newer: throw .newer(path: path)
        case .foreign, .damaged:
            guard try holdsNothing(file) else {
                throw .damaged(path: path, reason: "its header at offset 0 is unreadable")
            }
            return .unfinished
        }
    }

    private init(_ file: any JournalFile, header: SegmentHeader, path: String) {
        self.file = file
        self.header = header
        self.path = path
        nextSequence = header.firstSequence
        window = .allocate(byteCount: Self.windowSize, alignment: SegmentFormat.block)
    }

    deinit { window.deallocate() }

    /// Whether there are only zeros behind the header.
    private static func holdsNothing(_ file: any JournalFile) throws(StoreError) -> Bool {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: windowSize, alignment: 8)
        defer { piece.deallocate() }
        var offset = SegmentFormat.block
        while true {
            let count = try file.read(into: piece, at: offset)
            guard count > 0 else { return true }
            guard piece[..<count].allSatisfy({ $0 == 0 }) else { return false }
            offset += count
        }
    }

    /// Hands over the records of the batches that are whole, up to a sequence number.
    ///
    /// It stops at the first batch that is not whole, and can go on there later.
    func readBatches(
        before end: UInt64 = .max, _ body: (JournalRecord, JournalPlace) throws(StoreError) -> Void
    ) throws(StoreError) {
        while nextSequence < end, let batch = try batch(at: offset, sequences: nextSequence...nextSequence) {
            var cursor = SegmentFormat.batchHeader
            let count: UInt32 = batch.number(at: 20)
            for _ in 0..<count {
                guard let (record, next) = JournalRecord.read(batch, at: cursor) else {
                    throw damage("the batch at offset \(offset) has a record that is none", at: offset + cursor)
                }
                try body(
                    record,
                    JournalPlace(segment: header.number, offset: UInt32(truncatingIfNeeded: offset + cursor)))
                cursor = next
            }
            offset += SegmentFormat.rounded(batch.count)
            nextSequence += 1
        }
    }

    /// Where a whole batch lies behind the one that is not whole; then what stopped the reading is no torn end.
    func offsetOfLaterBatch() throws(StoreError) -> Int? {
        let length = try file.length()
        var candidate = offset + SegmentFormat.block
        while candidate < length {
            if try batch(at: candidate, sequences: nextSequence + 1...UInt64.max) != nil { return candidate }
            candidate += SegmentFormat.block
        }
        return nil
    }

    func damage(_ reason: String, at offset: Int) -> StoreError {
        .damaged(path: path, reason: "\(reason) (offset \(offset))")
    }

    /// The whole batch at an offset, or `nil`.
    private func batch(
        at offset: Int, sequences: ClosedRange<UInt64>
    ) throws(StoreError) -> UnsafeRawBufferPointer? {
        guard let header = try bytes(at: offset, count: SegmentFormat.batchHeader) else { return nil }
        let length = Int(header.number(at: 16) as UInt32)
        let checksum: UInt64 = header.number(at: 0)
        guard sequences.contains(header.number(at: 8)), length >= SegmentFormat.batchHeader,
            header.number(at: 24) == self.header.number, let whole = try bytes(at: offset, count: length)
        else { return nil }
        let covered = UnsafeRawBufferPointer(rebasing: whole[8...])
        return XXHash64.hash(covered, seed: self.header.identity) == checksum ? whole : nil
    }

    /// The bytes at an offset, or `nil` when there are fewer.
    private func bytes(at offset: Int, count: Int) throws(StoreError) -> UnsafeRawBufferPointer? {
        if offset < windowStart || offset + count > windowStart + windowCount {
            if count > window.count {
                // Before memory is set aside for what may be nonsense.
                guard offset + count <= (try file.length()) else { return nil }
                window.deallocate()
                window = .allocate(byteCount: SegmentFormat.rounded(count), alignment: SegmentFormat.block)
            }
            windowCount = 0
            windowStart = offset
            windowCount = try file.read(into: window, at: offset)
        }
        guard offset + count <= windowStart + windowCount else { return nil }
        let start = offset - windowStart
        return UnsafeRawBufferPointer(rebasing: window[start..<start + count])
    }

    /// Forgets what was read ahead, because the file may have grown.
    func refresh() { windowCount = 0 }
}
