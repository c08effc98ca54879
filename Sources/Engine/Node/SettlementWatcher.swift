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
    private let contractChanged: @Sendable (ChannelID) async throws -> Void

    /// - Parameters:
    ///   - changed: Told of each voucher channel that something happened to, as it stands now.
    ///   - contractChanged: Told of each channel of another contract that something happened to.
    public init(
        settlement: any Settlement, store: any ChannelStore,
        changed: @escaping @Sendable (ChannelID, ChannelSnapshot) async throws -> Void,
        contractChanged: @escaping @Sendable (ChannelID) async throws -> Void = { _ in }
    ) {
        self.settlement = settlement
        self.store = store
        self.changed = changed
        self.contractChanged = contractChanged
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
            let contracts = Set(events.filter(\.isOfContract).compactMap(\.channel))
            for channel in contracts { try await contractChanged(channel) }
            for channel in Set(events.compactMap(\.channel)).subtracting(contracts) {
                guard let snapshot = try await settlement.snapshot(of: channel) else { continue }
                try await changed(channel, snapshot)
            }
            try await store.setBookmark(Self.bookmark, to: last.sequence)
            position = last.sequence
            count += events.count
        }
    }
}
