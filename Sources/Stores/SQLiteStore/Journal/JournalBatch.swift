// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Writes that reach the disk together, with all who wait for them.
struct JournalBatch: Sendable {
    /// What one write came to, once the batch is on the disk.
    struct Entry: Sendable {
        enum Kind: UInt8, Sendable { case commit, conflict, other }

        let answer: CommitAnswer
        let kind: Kind
        let slot: ChannelIndex.Slot
        /// Where the record begins in the batch.
        let offset: UInt32
        /// The version that stood before, or that stands in the way; 0 for none.
        let version: Int64
        let firstEffect: Int64
        let effectCount: Int

        var result: Result<[PendingEffect.ID], StoreError> {
            switch kind {
            case .other: .success([])
            case .commit:
                .success(effectCount == 0 ? [] : Array(firstEffect..<firstEffect + Int64(effectCount)))
            case .conflict: .failure(.conflict(stored: version == 0 ? nil : Version(number: version)))
            }
        }
    }

    var buffer = JournalBuffer()
    var entries: [Entry] = []
    var effects: [PendingEffect] = []
    var acknowledged: [Int64] = []
    var bookmarks: [(name: String, position: UInt64)] = []
    var commits = 0
    var conflicts = 0

    init() { entries.reserveCapacity(256) }

    var isEmpty: Bool { entries.isEmpty }

    mutating func reset() {
        buffer.reset()
        entries.removeAll(keepingCapacity: entries.capacity <= 65_536)
        effects.removeAll()
        acknowledged.removeAll()
        bookmarks.removeAll()
        commits = 0
        conflicts = 0
    }

    func answerAll() { for entry in entries { entry.answer(entry.result) } }

    func refuseAll(_ error: StoreError) { for entry in entries { entry.answer(.failure(error)) } }

    /// Makes the index forget the versions that did not reach the disk.
    func rollBack(_ index: ChannelIndex) {
        for entry in entries.reversed() where entry.kind == .commit { index[entry.slot].version = entry.version }
    }
}
