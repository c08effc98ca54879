// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import GRDB
import Synchronization

// Reading: what the file has, with what the journal has on top.
extension JournalStore {
    public func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        try catchUp()
        let found = withOverlay { overlay in
            overlay.place(of: id).map { ($0, overlay.files[$0.segment]) }
        }
        if let (place, file) = found, let file { return try record(at: place, in: file) }
        let record = try await base.load(id)
        if let record { learn([StoredChannel(id: id, record: record)]) }
        return record
    }

    public func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        guard limit > 0 else {
            try await base.read { _ in }
            return []
        }
        while true {
            try catchUp()
            let (rows, floor) = try await base.read { db in
                (try ChannelTable.page(after: after, limit: limit, in: db), try JournalMarks.foldedThrough(db))
            }
            let page = withOverlay { overlay in
                overlay.page(rows, after: after, limit: limit, foldedThrough: floor)
            }
            guard let page else { continue }  // a fold has ended meanwhile
            learn(rows)
            var channels: [StoredChannel] = []
            channels.reserveCapacity(page.count)
            for entry in page {
                switch entry {
                case .stored(let channel): channels.append(channel)
                case .journal(let id, let place, let file):
                    channels.append(StoredChannel(id: id, record: try record(at: place, in: file)))
                }
            }
            return channels
        }
    }

    public func pendingEffects(
        after: PendingEffect.ID?, limit: Int
    ) async throws(StoreError) -> [PendingEffect] {
        guard limit > 0 else {
            try await base.read { _ in }
            return []
        }
        while true {
            try catchUp()
            let hidden = withOverlay { $0.acknowledged.count }
            // So many more that those that are acknowledged already leave enough.
            let count = min(limit, Int.max - hidden) + hidden
            let (rows, floor) = try await base.read { db in
                (try OutboxTable.page(after: after, limit: count, in: db), try JournalMarks.foldedThrough(db))
            }
            let page: [PendingEffect]? = withOverlay { overlay in
                guard overlay.foldedThrough <= floor, overlay.acknowledged.count <= hidden else { return nil }
                let stored = rows.filter { overlay.acknowledged[$0.id] == nil }
                let last = max(stored.last?.id ?? .min, after ?? .min)
                let younger = overlay.effects(after: last, foldedThrough: floor, limit: limit)
                return Array((stored + younger).prefix(limit))
            }
            if let page { return page }
        }
    }

    public func bookmark(_ name: String) async throws(StoreError) -> UInt64? {
        try catchUp()
        let found = withOverlay { $0.bookmarks[name] }
        guard let found else { return try await base.bookmark(name) }
        try await base.read { _ in }  // throws when the store is closed
        return found.position
    }

    /// Reads every page of the file and every batch of the journal, and names what is wrong with them.
    ///
    /// Takes time in proportion to both. Others may read and write meanwhile.
    ///
    /// - Throws: `StoreError.damaged` when either is so broken that it cannot be gone through.
    public func verifyFile() async throws(StoreError) -> [String] {
        try catchUp()
        if case .viewer(let viewer) = side { try viewer.checkEnds() }
        return try await base.verifyFile()
    }

    // MARK: - The overlay

    /// Takes in what another process has written.
    private func catchUp() throws(StoreError) {
        if case .viewer(let viewer) = side { try viewer.catchUp() }
    }

    private func withOverlay<Value>(_ body: (inout Overlay) -> sending Value) -> Value {
        switch side {
        case .writer(let core, _): core.state.withLock { body(&$0.overlay) }
        case .viewer(let viewer): viewer.state.withLock { body(&$0.overlay) }
        }
    }

    /// Remembers versions, so that commits of these channels need not read them.
    private func learn(_ channels: [StoredChannel]) {
        guard case .writer(let core, _) = side, !channels.isEmpty else { return }
        core.state.withLock { state in
            let index = state.overlay.index
            for channel in channels where index.find(channel.id) == nil {
                _ = index.add(channel.id, version: channel.record.version.number)
            }
        }
    }

    private func record(at place: JournalPlace, in file: any JournalFile) throws(StoreError) -> ChannelRecord {
        do {
            return try JournalRecordReader.read(file, at: Int(place.offset)) { $0.record }
        } catch {
            throw StoreError(error, path: path)
        }
    }
}

extension JournalStore {
    /// Lets the file grow to so many pages and no further, as a full disk would; for tests.
    package func limitPagesOfFile(to count: Int) async -> Bool { await base.limitPages(to: count) != nil }
}
