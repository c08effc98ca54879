// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEVMSettlement
import FarthingFacilitatorSettlement
import FarthingKeyFiles
public import FarthingLedgerSettlement
public import FarthingNode
public import FarthingPrimitives
public import FarthingSQLiteStore
import FarthingStacksSettlement
public import FarthingVoucherScheme
public import Logging

/// A payee's channels and where they are settled, open for writing.
///
/// One process at a time may have a store open for writing; any number may look with a ``StoreInspector``.
public final class Books: Sendable {
    public let store: JournalStore
    public let settlement: any Settlement
    public let engine: ChannelEngine<VoucherChannel>
    public let effects: VoucherEffects
    public let cashier: VoucherCashier
    public var authorizer: Address { signer.address }
    let signer: KeySigner
    let clock: @Sendable () -> Instant
    /// Told of channels of other schemes that something happened to.
    private let watcher: SettlementWatcher
    private let reader: ChannelReader

    /// The embedded ledger; `nil` when the channels are settled elsewhere.
    public var ledger: Ledger? { settlement as? Ledger }

    /// Opens the files, catches up with the settlement, and finishes what a crash left undone.
    ///
    /// - Parameters:
    ///   - createsStore: Whether a missing store is made.
    ///   - finishes: Whether it waits for what a crash left undone where that takes as long as a chain does; else that
    ///     is taken up, and done at the next `VoucherEffects.retry()`.
    ///   - caps: How much may be unclaimed.
    /// - Throws: `StoreError`, `KeyFileError`, `SettlementError`, ``LostFile`` when what the store's channels need is
    ///   gone, or ``ConfigurationError`` when they are settled in another place; nothing is left open then.
    public static func open(
        storePath: String, place: SettlementPlace, authorizerKeyPath: String, createsStore: Bool = true,
        finishes: Bool = true, caps: UnclaimedCaps = UnclaimedCaps(), logger: Logger,
        clock: @escaping @Sendable () -> Instant = Ledger.systemClock
    ) async throws -> Books {
        let store = try JournalStore(path: storePath, mode: createsStore ? .readWrite : .readWriteExisting)
        var settlement: (any Settlement)?
        do {
            try await claim(store, for: place)
            try await checkNothingIsLost(of: store, settledOn: place, authorizerKeyPath: authorizerKeyPath)
            let authorizer = try AuthorizerKey.openOrCreate(authorizerKeyPath, accounts: place.accounts)
            let opened = try await self.settlement(place, authorizer: authorizer, store: store, clock: clock)
            settlement = opened
            if case .ledger(let path, _) = place, let ledger = opened as? Ledger {
                try await checkNews(of: ledger, at: path, readBy: store)
            }
            let books = Books(
                store: store, settlement: opened, authorizer: authorizer, caps: caps, logger: logger, clock: clock)
            let height = try await books.cashier.index.fill(from: books.engine)
            (opened as? FacilitatorSettlement)?.resume(after: height)
            // Whoever left meanwhile is seen first: what was under way may take as long as the chain does.
            // A chain that does not tell everything just now is told of, and asked again later.
            do { try await books.watch() } catch {
                logger.error("What happened meanwhile is not known yet", metadata: ["error": "\(error)"])
            }
            if finishes || books.ledger != nil {
                let finished = try await books.effects.recover()
                if finished > 0 { logger.notice("Finished what was under way", metadata: ["effects": "\(finished)"]) }
            } else {
                let found = try await books.effects.takeUp()
                if found > 0 { logger.notice("Taking up what was under way", metadata: ["effects": "\(found)"]) }
            }
            return books
        } catch {
            await close(settlement)
            await store.close()
            throw error
        }
    }

    private static func settlement(
        _ place: SettlementPlace, authorizer: KeySigner, store: JournalStore,
        clock: @escaping @Sendable () -> Instant
    ) async throws -> any Settlement {
        switch place {
        case .ledger(let path, nil): return try Ledger(existing: path, of: store.path, clock: clock)
        case .ledger(let path, let domain?): return try Ledger(at: path, domain: domain, clock: clock)
        case .facilitator(let url, let domain, let token):
            let facilitator = FacilitatorSettlement(
                url: url, domain: domain, token: token, authorizer: authorizer, clock: clock)
            do { try await facilitator.start() } catch {
                await facilitator.close()
                throw error
            }
            return facilitator
        case .chain(var place):
            if place.firstBlock == nil { place.firstBlock = try await firstBlock(of: place, in: store) }
            let chain = try place.open(signer: authorizer)
            do { _ = try await chain.head() } catch {
                await chain.shutdown()
                throw error
            }
            return chain
        case .stacks(let place):
            let stacks = place.open(signer: authorizer, clock: clock)
            _ = try await stacks.head()
            return stacks
        }
    }

    /// The newest block when the store was used for the first time: before it nothing happened to its channels.
    private static func firstBlock(of place: ChainPlace, in store: JournalStore) async throws -> UInt64 {
        let name = "settlement.first-block"
        if let known = try await store.bookmark(name) { return known }
        let chain = try place.open(signer: nil)
        let height: UInt64
        do { height = try await chain.head().height } catch {
            await chain.shutdown()
            throw error
        }
        await chain.shutdown()
        try await store.setBookmark(name, to: height)
        return height
    }

    private static func close(_ settlement: (any Settlement)?) async {
        await (settlement as? FacilitatorSettlement)?.close()
        await (settlement as? EVMSettlement)?.shutdown()
    }

    /// Channels live and die in one place, so a store is never opened with another.
    private static func claim(_ store: JournalStore, for place: SettlementPlace) async throws {
        let name = "settlement.place"
        if let mark = try await store.bookmark(name) {
            guard mark == place.mark else {
                throw ConfigurationError.bad(
                    key: "settlement", value: place.name,
                    why: "the channels in this store are settled on: \(SettlementPlace.name(ofMark: mark))")
            }
        } else {
            try await store.setBookmark(name, to: place.mark)
        }
        let contract: SettlementDomain
        switch place {
        case .chain(let chain): contract = chain.contracts.settlement
        case .stacks(let stacks): contract = stacks.contracts.domain
        case .ledger, .facilitator: return
        }
        // One chain's channels are nothing to another.
        let chainName = "settlement.chain"
        if let mark = try await store.bookmark(chainName), mark != contract.mark {
            throw ConfigurationError.bad(
                key: "network", value: "\(contract.network)",
                why: "the channels in this store are settled on another chain, or by another contract")
        }
        try await store.setBookmark(chainName, to: contract.mark)
    }

    private init(
        store: JournalStore, settlement: any Settlement, authorizer: KeySigner, caps: UnclaimedCaps, logger: Logger,
        clock: @escaping @Sendable () -> Instant
    ) {
        self.store = store
        self.settlement = settlement
        signer = authorizer
        self.clock = clock
        let index = UnclaimedIndex(caps: caps)
        let engine = ChannelEngine<VoucherChannel>(store: store) { id, before, after in
            index.follow(id, from: before, to: after)
        }
        let effects = VoucherEffects(
            engine: engine, settlement: settlement, authorizer: authorizer, index: index, logger: logger, clock: clock)
        self.engine = engine
        self.effects = effects
        cashier = VoucherCashier(settlement: settlement, effects: effects, index: index, clock: clock)
        reader = ChannelReader(engine: engine, settlement: settlement, effects: effects, clock: clock)
        watcher = SettlementWatcher(
            settlement: settlement, store: store,
            // Channels of other payees on the same ledger are none of ours.
            isOurs: { try await engine.state(of: $0) != nil },
            changed: { try await effects.takeIn($1, of: $0) })
    }

    /// Does what had to wait while the store or the settlement was in trouble, and takes in what happened since last
    /// time.
    public func catchUp() async throws { try await effects.catchUp(by: watcher) }

    /// Takes in what happened since last time, and waits for nothing else.
    func watch() async throws { try await watcher.catchUp() }

    /// Reads again the channels that may have changed unseen, where the settlement tells of no events.
    public func refreshStale() async throws { try await reader.refreshAll() }

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
    public func close() async {
        await Self.close(settlement)
        await store.close()
    }
}
