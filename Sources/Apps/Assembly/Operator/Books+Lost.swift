// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingVoucherScheme
import Foundation
import Logging

extension Books {
    /// Sees to it that nothing is made anew which the channels of a store need as it was.
    ///
    /// - Throws: ``LostFile/ledger(path:store:)`` or ``LostFile/authorizerKey(path:store:)``; nothing was made then.
    static func checkNothingIsLost(
        of store: JournalStore, settledOn place: SettlementPlace, authorizerKeyPath: String
    ) async throws {
        guard try await !store.channels(after: nil, limit: 1).isEmpty else { return }
        if case .ledger(let path, _) = place, !FileManager.default.fileExists(atPath: path) {
            throw LostFile.ledger(path: path, store: store.path)
        }
        guard FileManager.default.fileExists(atPath: authorizerKeyPath) else {
            throw LostFile.authorizerKey(path: authorizerKeyPath, store: store.path)
        }
    }

    /// Sees to it that a ledger is not one that lacks what the store has read of its own.
    ///
    /// A ledger that is ahead of its store is caught up with; one that is behind has lost money of the channels.
    ///
    /// - Throws: ``LostFile/newsOfLedger(path:store:)``.
    static func checkNews(of ledger: Ledger, at path: String, readBy store: JournalStore) async throws {
        if let event = try await store.bookmark(SettlementWatcher.voucherBookmark), event > 0 {
            guard try await !ledger.events(after: event - 1, limit: 1).isEmpty else {
                throw LostFile.newsOfLedger(path: path, store: store.path)
            }
        }
        // A new ledger may have as many events, but knows none of the channels.
        for stored in try await store.channels(after: nil, limit: 10) where try await !knows(stored, ledger) {
            throw LostFile.newsOfLedger(path: path, store: store.path)
        }
    }

    /// Whether a ledger knows a channel that it has told of before.
    private static func knows(_ stored: StoredChannel, _ ledger: Ledger) async throws -> Bool {
        if let scheme = PaymentScheme.prepaid(stored.record.scheme) {
            return try await knows(scheme, stored.id, ledger)
        }
        guard try await ledger.snapshot(of: stored.id) == nil else { return true }
        return try VoucherChannel(stored: stored.record.state).ledger.balance.isZero
    }

    private static func knows<Scheme: PrepaidOrders>(
        _: Scheme.Type, _ id: ChannelID, _ ledger: Ledger
    ) async throws -> Bool {
        try await ledger.contract(Scheme.Rules.self, of: id) != nil
    }

    /// Says so when the ledger has money in channels of a receiver, and the store knows of none.
    ///
    /// What such channels owe and was not claimed is known to the lost store alone: a payer's next voucher opens its
    /// channel again, as the ledger has it.
    func warnOfLostStore(receiver: Address) async throws {
        guard let ledger, try await store.channels(after: nil, limit: 1).isEmpty else { return }
        let count = try await ledger.channelsWithMoney(for: receiver)
        guard count > 0 else { return }
        effects.logger.warning(
            """
            The store is empty, though the ledger has channels with money for this receiver. If a store was lost, stop \
            and restore it: what was charged and not claimed is known to it alone
            """, metadata: ["channels": "\(count)", "store": "\(store.path)"])
    }
}

extension Ledger {
    /// Opens the ledger of a store that is there.
    ///
    /// - Throws: ``LostFile/ledger(path:store:)`` when it is not there, else `StoreError`.
    convenience init(
        existing path: String, of store: String, clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) throws {
        guard FileManager.default.fileExists(atPath: path) else { throw LostFile.ledger(path: path, store: store) }
        try self.init(existing: path, clock: clock)
    }

    /// Opens a ledger, or makes it in a folder that is there.
    ///
    /// - Throws: ``ConfigurationError/bad(key:value:why:)`` when the folder is not, else `StoreError`.
    convenience init(
        at path: String, domain: SettlementDomain, clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) throws {
        do { try self.init(path: path, domain: domain, clock: clock) } catch StoreError.missing(let path) {
            throw ConfigurationError.bad(
                key: Setting.ledger.rawValue, value: path, why: "the folder in which it would be made is not there")
        }
    }
}
