// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels

/// Reads what happened on the ledger since last time, and remembers how far it got.
///
/// The place is kept in the store after the events were taken in, so a crash repeats some and skips none.
public struct SettlementWatcher: Sendable {
    private static let page = 500
    /// Where a store keeps how far events were read for vouchers.
    public static let voucherBookmark = "settlement.events"
    /// How many channels are read at once.
    private static let readings = 16

    private let settlement: any Settlement
    private let store: any ChannelStore
    private let bookmark: String
    private let concerns: @Sendable (SettlementEvent) -> Bool
    private let isOurs: @Sendable (ChannelID) async throws -> Bool
    private let changed: @Sendable (ChannelID) async throws -> Void

    /// For channels of vouchers.
    ///
    /// - Parameters:
    ///   - isOurs: Whether a channel is of these books. The settlement is not asked for others: strangers can make as
    ///     many events in a contract as they like.
    ///   - changed: Told of each channel that something happened to, as it stands now, of several at once. It should
    ///     only take that in: whoever waits in it for a transaction keeps later channels waiting.
    public init(
        settlement: any Settlement, store: any ChannelStore,
        isOurs: @escaping @Sendable (ChannelID) async throws -> Bool = { _ in true },
        changed: @escaping @Sendable (ChannelID, ChannelSnapshot) async throws -> Void
    ) {
        self.settlement = settlement
        self.store = store
        bookmark = Self.voucherBookmark
        concerns = { !$0.isOfContract }
        self.isOurs = isOurs
        self.changed = { channel in
            guard let snapshot = try await settlement.snapshot(of: channel) else { return }
            try await changed(channel, snapshot)
        }
    }

    /// For channels of another scheme.
    ///
    /// Each scheme has a place of its own, so that none misses what happened while it was not taken.
    ///
    /// - Parameter changed: Told of each channel of any contract that something happened to, of several at once. It
    ///   should only take that in: whoever waits in it for a transaction keeps later channels waiting.
    public init(
        settlement: any Settlement, store: any ChannelStore, scheme: String,
        changed: @escaping @Sendable (ChannelID) async throws -> Void
    ) {
        self.settlement = settlement
        self.store = store
        bookmark = "settlement.events.\(scheme)"
        concerns = \.isOfContract
        isOurs = { _ in true }
        self.changed = changed
    }

    /// Catches up with the ledger.
    ///
    /// - Returns: How many events were new.
    @discardableResult
    public func catchUp() async throws -> Int {
        var position = try await store.bookmark(bookmark) ?? 0
        var count = 0
        while true {
            let events = try await settlement.events(after: position, limit: Self.page)
            guard let last = events.last else { return count }
            let channels = Set(events.filter(concerns).compactMap(\.channel))
            let trouble = await channels.severalAtOnce(Self.readings) { [isOurs, changed] channel in
                if try await isOurs(channel) { try await changed(channel) }
            }
            // What could be taken in was; the whole page is read again.
            if let trouble { throw trouble }
            try await store.setBookmark(bookmark, to: last.sequence)
            position = last.sequence
            count += events.count
        }
    }
}
