// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// The segment that batches are appended to.
final class OpenSegment {
    let number: UInt32
    let file: any JournalFile
    /// Behind the last batch that reached the disk.
    private(set) var end = SegmentFormat.block
    /// Up to here the file is zeros ahead of its batches.
    private var filled: Int
    private let zeros: UnsafeMutableRawBufferPointer

    /// Makes a segment that the disk knows, with its header and zeros behind it.
    ///
    /// What is left when that fails is removed; and when that fails too, it is an empty segment, which does no harm.
    static func make(
        _ header: SegmentHeader, in folder: any JournalFolder, fillAhead: Int, probe: StoreProbe?
    ) throws(StoreError) -> OpenSegment {
        do throws(StoreError) {
            let segment = OpenSegment(
                number: header.number, file: try folder.make(header.number), fillAhead: fillAhead)
            header.write(to: segment.zeros)
            try segment.file.write(UnsafeRawBufferPointer(segment.zeros), at: 0)
            UnsafeMutableRawBufferPointer(rebasing: segment.zeros[..<SegmentFormat.block])
                .initializeMemory(as: UInt8.self, repeating: 0)
            probe?(.segmentMade)
            try segment.file.sync()
            try folder.sync()
            probe?(.segmentSynced)
            return segment
        } catch {
            try? folder.remove(header.number)
            throw error
        }
    }

    private init(number: UInt32, file: any JournalFile, fillAhead: Int) {
        self.number = number
        self.file = file
        let count = max(SegmentFormat.block, SegmentFormat.rounded(fillAhead))
        zeros = .allocate(byteCount: count, alignment: SegmentFormat.block)
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        filled = count
    }

    deinit { zeros.deallocate() }

    /// Writes a batch behind the last one and waits until the disk has it.
    func append(_ bytes: UnsafeRawBufferPointer, probe: StoreProbe?) throws(StoreError) {
        let next = end + bytes.count
        while filled < next {
            try file.write(UnsafeRawBufferPointer(zeros), at: filled)
            filled += zeros.count
        }
        try file.write(bytes, at: end)
        probe?(.appended)
        try file.sync()
        end = next
    }

    /// Takes off whatever lies behind the last batch that reached the disk.
    func cutOff() throws(StoreError) {
        try file.truncate(to: end)
        try file.sync()
    }
}
