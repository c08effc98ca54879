// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingKeyFiles
public import FarthingLedgerSettlement
public import FarthingNode
public import FarthingPrimitives
public import FarthingSQLiteStore
public import FarthingVoucherScheme
public import Logging

/// A payee's channels and the ledger they are settled on, open for writing.
///
/// One process at a time may have a store open for writing; any number may look with a ``StoreInspector``.
public final class Books: Sendable {
    public let store: SQLiteStore
    public let ledger: Ledger
    public let engine: ChannelEngine<VoucherChannel>
    public let effects: VoucherEffects
    public let cashier: VoucherCashier
    public let authorizer: Address
    private let watcher: SettlementWatcher

    /// Opens the files, finishes what a crash left undone, and catches up with the ledger.
    ///
    /// - Parameters:
    ///   - domain: What a new ledger simulates; `nil` opens only one that is there.
    ///   - createsStore: Whether a missing store is made.
    ///   - caps: How much may be unclaimed.
    /// - Throws: `StoreError`, `KeyFileError` or `SettlementError`; nothing is left open then.
    public static func open(
        storePath: String, ledgerPath: String, authorizerKeyPath: String, domain: SettlementDomain? = nil,
        createsStore: Bool = true, caps: UnclaimedCaps = UnclaimedCaps(), logger: Logger,
        clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) async throws -> Books {
        let store = try SQLiteStore(path: storePath, mode: createsStore ? .readWrite : .readWriteExisting)
        do {
            let ledger =
                if let domain {
                    try Ledger(path: ledgerPath, domain: domain, clock: clock)
                } else {
                    try Ledger(existing: ledgerPath, clock: clock)
                }
            let authorizer = try AuthorizerKey.openOrCreate(authorizerKeyPath)
            let books = Books(
                store: store, ledger: ledger, authorizer: authorizer, caps: caps, logger: logger, clock: clock)
            try await books.cashier.index.fill(from: books.engine)
            let finished = try await books.effects.recover()
            if finished > 0 { logger.notice("Finished what was under way", metadata: ["effects": "\(finished)"]) }
            try await books.catchUp()
            return books
        } catch {
            await store.close()
            throw error
        }
    }

    private init(
        store: SQLiteStore, ledger: Ledger, authorizer: KeySigner, caps: UnclaimedCaps, logger: Logger,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.ledger = ledger
        self.authorizer = authorizer.address
        let index = UnclaimedIndex(caps: caps)
        let engine = ChannelEngine<VoucherChannel>(store: store) { id, before, after in
            index.update(id, from: before?.position, to: after.position)
        }
        let effects = VoucherEffects(
            engine: engine, settlement: ledger, authorizer: authorizer, index: index, logger: logger, clock: clock)
        self.engine = engine
        self.effects = effects
        cashier = VoucherCashier(settlement: ledger, effects: effects, index: index, clock: clock)
        watcher = SettlementWatcher(settlement: ledger, store: store) { channel, snapshot in
            // Channels of other payees on the same ledger are none of ours.
            guard try await engine.state(of: channel) != nil else { return }
            try await effects.tell(channel, .observed(snapshot))
        }
    }

    /// Does what had to wait while the store or the ledger was in trouble, and takes in what happened on the ledger
    /// since last time.
    public func catchUp() async throws {
        await effects.retry()
        try await watcher.catchUp()
    }

    /// Has the ledger pay out to all receivers that have channels here.
    public func settleAll() async throws -> [(receiver: Address, token: Address, receipt: PayoutReceipt)] {
        var pairs: Set<[Address]> = []
        var last: ChannelID?
        while true {
            let page = try await engine.channels(after: last, limit: 1000)
            guard let end = page.last else { break }
            for channel in page { pairs.insert([channel.state.terms.receiver, channel.state.terms.token]) }
            last = end.id
        }
        var receipts: [(receiver: Address, token: Address, receipt: PayoutReceipt)] = []
        for pair in pairs.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let receipt = try await cashier.settle(receiver: pair[0], token: pair[1])
            receipts.append((pair[0], pair[1], receipt))
        }
        return receipts
    }

    /// Writes what is queued and gives the store free.
    public func close() async { await store.close() }
}
