// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// The channels whose first version lies in the journal: those that the store's file may not list.
struct CreatedChannels {
    private struct Entry {
        let slot: ChannelIndex.Slot
        let segment: UInt32
    }

    private var entries: [Entry] = []
    private var isSorted = true

    mutating func add(_ slot: ChannelIndex.Slot, segment: UInt32) {
        entries.append(Entry(slot: slot, segment: segment))
        isSorted = false
    }

    mutating func drop(through segment: UInt32) { entries.removeAll { $0.segment <= segment } }

    /// Those after an id, in the order of their ids, that lie in segments after what is folded.
    mutating func page(
        after id: ChannelID?, foldedThrough floor: UInt32, limit: Int, in index: ChannelIndex
    ) -> [ChannelIndex.Slot] {
        if !isSorted {
            entries.sort { index[$0.slot].id < index[$1.slot].id }
            isSorted = true
        }
        let start = id.map { id in entries.partition { index[$0.slot].id > id } } ?? 0
        return entries[start...].lazy.filter { $0.segment > floor }.prefix(limit).map(\.slot)
    }
}
