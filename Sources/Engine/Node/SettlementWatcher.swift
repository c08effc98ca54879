// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Reads what happened on the ledger since last time, and remembers how far it got.
///
/// The place is kept in the store after the events were taken in, so a crash repeats some and skips none.
public struct SettlementWatcher: Sendable {
    private static let bookmark = "settlement.events"
    private static let page = 500

    private let settlement: any Settlement
    private let store: any ChannelStore
    private let changed: @Sendable (ChannelID, ChannelSnapshot) async throws -> Void

    /// - Parameter changed: Told of each channel that something happened to, as it stands now.
    public init(
        settlement: any Settlement, store: any ChannelStore,
        changed: @escaping @Sendable (ChannelID, ChannelSnapshot) async throws -> Void
    ) {
        self.settlement = settlement
        self.store = store
        self.changed = changed
    }

    /// Catches up with the ledger.
    ///
    /// - Returns: How many events were new.
    @discardableResult
    public func catchUp() async throws -> Int {
        var position = try await store.bookmark(Self.bookmark) ?? 0
        var count = 0
        while true {
            let events = try await settlement.events(after: position, limit: Self.page)
            guard let last = events.last else { return count }
            for channel in Set(events.compactMap(\.channel)) {
                guard let snapshot = try await settlement.snapshot(of: channel) else { continue }
                try await changed(channel, snapshot)
            }
            try await store.setBookmark(Self.bookmark, to: last.sequence)
            position = last.sequence
            count += events.count
        }
    }
}
