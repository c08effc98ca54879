// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

extension Overlay {
    /// A channel of a page, or where it has to be read.
    enum PageEntry: Sendable {
        case stored(StoredChannel)
        case journal(ChannelID, JournalPlace, any JournalFile)
    }

    /// A page of the file with the journal on top.
    ///
    /// - Parameters:
    ///   - rows: The file's page after the same id, with the same limit.
    ///   - floor: Up to which segment everything was in the file when it was read.
    /// - Returns: `nil` when more has been forgotten here than the file had then: read again.
    mutating func page(
        _ rows: [StoredChannel], after: ChannelID?, limit: Int, foldedThrough floor: UInt32
    ) -> [PageEntry]? {
        guard foldedThrough <= floor else { return nil }
        let fresh = created.page(after: after, foldedThrough: floor, limit: limit, in: index)
        var page: [PageEntry] = []
        page.reserveCapacity(min(limit, rows.count + fresh.count))
        var (row, new) = (0, 0)
        while page.count < limit, row < rows.count || new < fresh.count {
            // Only a full page of the file says nothing of what comes behind it.
            if row == rows.count, rows.count == limit { break }
            if row < rows.count {
                let id = rows[row].id
                if new == fresh.count || id <= index[fresh[new]].id {
                    if new < fresh.count, index[fresh[new]].id == id { new += 1 }
                    page.append(entry(for: rows[row], foldedThrough: floor))
                    row += 1
                    continue
                }
            }
            let entry = index[fresh[new]]
            if let file = files[entry.place.segment] { page.append(.journal(entry.id, entry.place, file)) }
            new += 1
        }
        return page
    }

    private func entry(for row: StoredChannel, foldedThrough floor: UInt32) -> PageEntry {
        guard let slot = index.find(row.id), index[slot].place.segment > floor,
            let file = files[index[slot].place.segment]
        else { return .stored(row) }
        return .journal(row.id, index[slot].place, file)
    }
}
