// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import GRDB
import Synchronization

/// Brings into the store's file what the journal holds, so that its segments can go.
///
/// Of each channel only the last state is written, in the order of the ids, and while commits go on. A segment is
/// removed only after the file has all of it and the disk has the file.
struct JournalFold {
    let core: JournalCore
    let fold: Overlay.Fold
    /// How much the journal held when the fold began.
    let length: Int

    func run(in db: Database) {
        core.probe?(.foldBegun)
        do {
            let slots = sorted()
            if slots.count > Self.many { prepareToRead() }
            var start = 0
            var transactions = 0
            while start < slots.count {
                let end = min(slots.count, start + core.options.rowsInTransaction)
                try db.inTransaction(.immediate) {
                    try write(slots[start..<end], to: db)
                    return .commit
                }
                transactions += 1
                start = end
            }
            core.probe?(.rowsWritten)
            try db.inTransaction(.immediate) {
                try writeRest(to: db)
                return .commit
            }
            core.probe?(.folded)
            end(channels: slots.count, transactions: transactions + 1)
        } catch {
            core.state.withLock { state in
                state.overlay.cancelFold(fold)
                state.unfolded += length
                state.folding = 0
                state.foldFault = StoreError(error, path: core.path)
                // Not at once again: a full disk would see nothing else.
                state.foldThreshold = state.unfolded + core.options.foldAfter / 4
                state.statistics.foldFailures += 1
                state.isFolding = false
            }
        }
        core.foldEnded.signal()
    }

    private func end(channels: Int, transactions: Int) {
        let done = core.state.withLock { state in
            state.foldThreshold = core.options.foldAfter
            state.folding = 0
            state.foldFault = nil
            state.statistics.folds += 1
            state.statistics.foldedChannels += channels
            state.statistics.foldedEffects += fold.effects.count
            state.statistics.foldTransactions += transactions
            return state.overlay.endFold(through: fold.through)
        }
        do throws(StoreError) {
            for number in done {
                try core.folder.remove(number)
                core.probe?(.segmentRemoved)
            }
            if !done.isEmpty { try core.folder.sync() }
        } catch {
            // It counts as folded all the same, and the next opening removes it.
        }
        core.probe?(.foldEnded)
        core.state.withLock { $0.isFolding = false }
    }

    // MARK: - Channels

    private struct Key {
        let prefix: UInt64
        let slot: ChannelIndex.Slot
    }

    /// The channels in the order of their ids, or nearly: those with the same first eight bytes stand in any order.
    private func sorted() -> [ChannelIndex.Slot] {
        var keys: [Key] = []
        keys.reserveCapacity(fold.slots.count)
        for start in stride(from: 0, to: fold.slots.count, by: Self.chunk) {
            core.state.withLock { state in
                for slot in fold.slots[start..<min(fold.slots.count, start + Self.chunk)] {
                    let prefix = state.overlay.index[slot].id.hash.withBytes { $0.load(as: UInt64.self) }
                    keys.append(Key(prefix: UInt64(bigEndian: prefix), slot: slot))
                }
            }
        }
        keys.sort { ($0.prefix, $0.slot) < ($1.prefix, $1.slot) }
        var slots: [ChannelIndex.Slot] = []
        slots.reserveCapacity(keys.count)
        for key in keys where slots.last != key.slot { slots.append(key.slot) }
        return slots
    }

    private static let chunk = 1000
    /// From so many channels on, most blocks of the journal are read.
    private static let many = 10_000

    /// One long read instead of many short ones.
    private func prepareToRead() {
        let files = core.state.withLock { state in state.overlay.files.filter { $0.key <= fold.through }.map(\.value) }
        for file in files { file.prepareToRead() }
    }

    private func write(_ slots: ArraySlice<ChannelIndex.Slot>, to db: Database) throws {
        let upsert = try ChannelUpsert(db)
        var start = slots.startIndex
        while start < slots.endIndex {
            let end = min(slots.endIndex, start + Self.chunk)
            // The newest states, even if they came after the fold began: what is folded twice does no harm.
            let places = core.state.withLock { state in
                slots[start..<end].map { slot in
                    let place = state.overlay.index[slot].place
                    return (place, state.overlay.files[place.segment])
                }
            }
            for (place, file) in places {
                guard let file else { continue }
                try JournalRecordReader.read(file, at: Int(place.offset)) { commit in
                    try upsert.write(commit)
                }
            }
            start = end
        }
    }

    /// Everything but the channels, with the mark that makes it true.
    private func writeRest(to db: Database) throws {
        for effect in fold.effects { try OutboxTable.put(effect, in: db) }
        for effect in fold.acknowledged { try OutboxTable.remove(effect, in: db) }
        for bookmark in fold.bookmarks { try BookmarkTable.set(bookmark.name, to: bookmark.position, in: db) }
        try OutboxTable.keepNames(through: fold.lastEffect, in: db)
        try JournalMarks.setFoldedThrough(fold.through, db)
    }
}
