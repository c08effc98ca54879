// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

@testable import FarthingSQLiteStore

/// What the store's journal holds, which a power cut may have torn.
extension Decoder {
    static let journal = [journalRecords, segmentHeader]

    /// Records one after the other, as a batch has them.
    private static let journalRecords = Decoder("journal-records") { bytes in
        try bytes.withUnsafeBytes { bytes in
            var offset = 0
            var count = 0
            while let (record, end) = JournalRecord.read(bytes, at: offset) {
                try BrokenPromise.unless(end > offset, "a record that ends where it begins")
                if case .commit(let commit) = record {
                    let stored = commit.record
                    try BrokenPromise.unless(stored.state.count <= bytes.count, "more state than there is")
                    try BrokenPromise.unless(
                        commit.effects.map { $0.count == commit.effectCount } ?? true, "another number of effects")
                }
                offset = end
                count += 1
            }
            return count > 0
        }
    }

    private static let segmentHeader = Decoder("segment-header") { bytes in
        let reading = bytes.withUnsafeBytes { SegmentHeader.read($0) }
        // Its checksum is seldom hit by chance, so the fields are also taken as they stand.
        if bytes.count >= 20 {
            let header = bytes.withUnsafeBytes { bytes in
                SegmentHeader(
                    number: bytes.number(at: 0), identity: bytes.number(at: 4), firstSequence: bytes.number(at: 12))
            }
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: SegmentFormat.block, alignment: 8)
            defer { block.deallocate() }
            header.write(to: block)
            try BrokenPromise.unless(
                SegmentHeader.read(UnsafeRawBufferPointer(block)), equals: .header(header), "header")
        }
        guard case .header = reading else { return false }
        return true
    }
}
