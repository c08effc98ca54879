// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Brings what a journal holds into an overlay.
struct JournalReplay {
    let folder: any JournalFolder
    let identity: UInt64

    /// What a replay found.
    struct End {
        /// The number of the last segment, or of the one up to which everything was folded.
        var lastSegment: UInt32
        /// The number that the next batch gets.
        var nextSequence: UInt64
        /// How much the segments hold.
        var length = 0
    }

    /// Reads all segments that are not folded, oldest first.
    ///
    /// A torn batch at the end of the last one is passed over, because nobody was told that it was written.
    ///
    /// - Throws: `StoreError.damaged` with file and offset when anything else is missing, `StoreError.newer`.
    func readAll(into overlay: inout Overlay) throws(StoreError) -> End {
        let floor = overlay.foldedThrough
        let numbers = try folder.segments().sorted().filter { $0 > floor }
        var end = End(lastSegment: floor, nextSequence: 1)
        guard let first = numbers.first, let last = numbers.last else { return end }
        guard first == floor + 1 else { throw missing(floor + 1) }
        var readers: [SegmentReader] = []
        for (number, expected) in zip(numbers, first...last) {
            guard number == expected, let file = try folder.open(number) else { throw missing(expected) }
            switch try SegmentReader.open(file, number: number, identity: identity, path: folder.path(of: number)) {
            case .reader(let reader): readers.append(reader)
            case .unfinished:
                guard number == last else {
                    throw .damaged(path: folder.path(of: number), reason: "its header at offset 0 is unreadable")
                }
            }
        }
        for (position, reader) in readers.enumerated() {
            let next = position + 1 < readers.count ? readers[position + 1].header.firstSequence : nil
            try Self.read(reader, before: next ?? .max, into: &overlay)
            if let next, reader.nextSequence != next {
                throw reader.damage(
                    "the batch that should begin here is unreadable, and others follow", at: reader.offset)
            }
            if next == nil, let later = try reader.offsetOfLaterBatch() {
                throw reader.damage(
                    "the batch that should begin here is unreadable, and one at \(later) follows", at: reader.offset)
            }
            end.lastSegment = reader.header.number
            end.nextSequence = reader.nextSequence
            end.length += reader.offset
            overlay.files[reader.header.number] = reader.file
        }
        return end
    }

    private func missing(_ number: UInt32) -> StoreError {
        .damaged(path: folder.path(of: number), reason: "this segment of the journal is missing")
    }

    /// Reads what is whole of one segment.
    static func read(
        _ reader: SegmentReader, before end: UInt64 = .max, into overlay: inout Overlay
    ) throws(StoreError) {
        try reader.readBatches(before: end) { (record, place) throws(StoreError) in
            switch record {
            case .commit(let commit):
                try apply(commit, at: place, of: reader, to: &overlay)
            case .acknowledgement(let effect):
                overlay.acknowledge(effect, segment: place.segment)
            case .bookmark(let name, let position):
                overlay.setBookmark(name, to: position, segment: place.segment)
            }
        }
    }

    private static func apply(
        _ commit: JournalRecord.Commit, at place: JournalPlace, of reader: SegmentReader, to overlay: inout Overlay
    ) throws(StoreError) {
        let slot: ChannelIndex.Slot
        if let known = overlay.index.find(commit.channel) {
            slot = known
            let isFirst = overlay.index[slot].place.segment <= overlay.foldedThrough
            guard isFirst || commit.version == overlay.index[slot].version + 1 else {
                throw reader.damage(
                    "version \(commit.version) of a channel follows version \(overlay.index[slot].version)",
                    at: Int(place.offset))
            }
            overlay.index[slot].version = commit.version
        } else {
            slot = overlay.index.add(commit.channel, version: commit.version)
        }
        overlay.place(slot, isFirst: commit.version == 1, at: place)
        guard commit.effectCount > 0 else { return }
        guard let effects = commit.effects else {
            throw reader.damage("a commit's effects do not fill its record", at: Int(place.offset))
        }
        for effect in effects { overlay.add(effect, segment: place.segment) }
    }
}
