// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
public import FarthingNode
public import FarthingPrimitives
import FarthingTwoWayScheme
public import Logging
import Synchronization

/// A payee's channels of one scheme whose payments fill a purse, and the contract behind them.
///
/// What a channel asks for is carried out here, and what came of it is told to the channel. All of it may happen twice:
/// after a crash what was under way is done again.
public final class PrepaidBooks<Scheme: PrepaidOrders>: Sendable {
    public typealias Stored = ChannelEngine<Scheme>.StoredEffect

    public let engine: ChannelEngine<Scheme>
    public let settlement: any ContractSettlement
    public let domain: ContractDomain
    /// What was earned and not captured yet, in which channel and since when.
    public let index: UnclaimedIndex
    let room: RoomUnderCaps
    /// Whether the scheme keeps to caps, and there are any.
    private let hasCaps: Bool
    /// When it was last logged that redemptions do not reach the settlement; `nil` when they do.
    let outageTold = Mutex<Instant?>(nil)
    let metrics: SchemeMetrics?
    /// What waits in the outbox until it is redeemed.
    let proofs = KeptProofs()
    /// Whose contract must be read again, and when.
    private let appointments: Appointments
    /// Channels that are being redeemed: two turns may come to one of them at once.
    let redeeming = WorkUnderWay<ChannelID, Result<[Payout]?, any Error>>()
    /// How many seconds the last redemption took.
    let redemptionTook = Atomic<Int64>(0)
    /// What could not be done, and lies in the outbox still.
    private let postponed: PostponedEffects<Scheme>
    /// Whose books these are.
    let payee: Address
    /// What the payee promises and signs while it answers.
    let payeeKey: PayeeKey
    let authorizer: any Signer
    let clock: @Sendable () -> Instant
    let logger: Logger

    /// - Parameters:
    ///   - store: Where the channels are; it may hold channels of other schemes as well.
    ///   - payee: Whose books these are.
    ///   - authorizer: The key that signs on the payee's side.
    ///   - caps: How much may be unclaimed, where the scheme keeps to that.
    /// - Returns: `nil` when the settlement has no contract for the scheme.
    public init?(
        store: any ChannelStore, settlement: any ContractSettlement, payee: Address, authorizer: KeySigner,
        caps: UnclaimedCaps = UnclaimedCaps(), logger: Logger, clock: @escaping @Sendable () -> Instant
    ) {
        guard let domain = settlement.contractDomain(of: Scheme.Rules.kind) else { return nil }
        let appointments = Appointments()
        self.appointments = appointments
        index = UnclaimedIndex(caps: Scheme.keepsToCaps ? caps : UnclaimedCaps())
        metrics = PaymentScheme(rawValue: Scheme.Rules.kind.rawValue).map(SchemeMetrics.init)
        room = RoomUnderCaps(index, clock: clock, logger: logger)
        hasCaps = index.isLimited
        engine = Self.engine(store, index, appointments, isTold: settlement.tellsChanges)
        self.settlement = settlement
        self.domain = domain
        self.payee = payee
        self.authorizer = authorizer
        payeeKey = PayeeKey(in: domain) { authorizer.signNow($0) }
        self.logger = logger
        self.clock = clock
        postponed = PostponedEffects(clock: clock, isUrgent: Scheme.isUrgent)
    }

    /// What follows each commit is compiled for each scheme, as in ``CheckedPrepaid``.
    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    private static func engine(
        _ store: any ChannelStore, _ index: UnclaimedIndex, _ appointments: Appointments, isTold: Bool
    ) -> ChannelEngine<Scheme> {
        ChannelEngine<Scheme>(store: store) { id, before, after in
            index.follow(id, from: before, to: after)
            appointments.update(id, from: before?.nextLook(isTold: isTold), to: after.nextLook(isTold: isTold))
        }
    }

    /// Brings all channels into memory and takes up what a crash left undone.
    ///
    /// Call it before the first request. There may be a million, so it is compiled for each scheme.
    ///
    /// - Parameter finishes: Whether what was left undone is done at once, and waited for; else the next
    ///   ``retry(onlyDue:)`` does it.
    @specialized(where Scheme == HashChainChannel)
    @specialized(where Scheme == MerkleTokenChannel)
    @specialized(where Scheme == LotteryChannel)
    @specialized(where Scheme == TwoWayChannel)
    public func open(finishes: Bool = true) async throws {
        try await engine.loadAll { id, state in
            index.update(id, from: nil, to: state.position)
            appointments.update(id, from: nil, to: state.nextLook(isTold: settlement.tellsChanges))
        }
        try await takeUp()
        if finishes { await retry() }
    }

    /// Whether a payment may be taken without a look at what is unclaimed: under caps room may have to be made first,
    /// and a channel whose redemption was refused takes none until one succeeds.
    func isUnhindered(_ id: ChannelID) -> Bool { !hasCaps && !index.isSuspect(id) }

    /// Reads the contracts that must be read again by now; what channels ask for then is done at the next
    /// ``retry(onlyDue:)``.
    func lookAtDue() async throws {
        if let trouble = await appointments.due(at: clock()).severalAtOnce(16, { try await self.look($0) }) {
            throw trouble
        }
    }

    /// Takes in what happened since last time, and answers all of it at once.
    func catchUp(by watcher: SettlementWatcher) async throws {
        var trouble: (any Error)?
        do { try await watch(by: watcher) } catch { trouble = error }
        // What was seen must not wait for what could not be seen.
        await retry()
        if let trouble { throw trouble }
    }

    /// Takes in what happened since last time, and waits for no transaction.
    func watch(by watcher: SettlementWatcher) async throws {
        var trouble: (any Error)?
        do { try await watcher.catchUp() } catch { trouble = error }
        try await lookAtDue()
        if let trouble { throw trouble }
    }

    /// Does what channels asked for when they were looked at, and what could not be done before: one after the other in
    /// each channel, and many channels at once.
    ///
    /// What cannot be done now either stays in the outbox.
    ///
    /// - Parameter onlyDue: Whether what has failed again and again is left for later.
    /// - Returns: Why it cannot.
    @discardableResult
    public func retry(onlyDue: Bool = false) async -> (any Error)? {
        let effects = postponed.take(onlyDue: onlyDue)
        defer { postponed.tried(effects) }
        let channels = Dictionary(grouping: effects, by: \.channel)
        return await channels.severalAtOnce(Self.transactionsAtOnce) { channel, effects in
            if let trouble = await self.carryOut(effects.map(\.effect), of: channel).trouble { throw trouble }
        }
    }

    /// Does what could not be done before in one channel.
    ///
    /// - Returns: What the contract did.
    func retry(_ channel: ChannelID) async -> [ContractReceipt<Scheme.Rules>] {
        let effects = postponed.take { $0.channel == channel }
        defer { postponed.tried(effects) }
        return await attempt(effects.map(\.effect), of: channel)
    }

    /// How many transactions are waited for at once.
    private static var transactionsAtOnce: Int { 64 }

    /// Takes up all that lies in the outbox; it waits for no transaction.
    private func takeUp() async throws {
        var last: PendingEffect.ID?
        while true {
            let unfinished = try await engine.unfinishedEffects(after: last, limit: 1000)
            guard let end = unfinished.last?.effect.id else { break }
            for (channel, stored) in unfinished {
                if Scheme.proof(of: stored.effect) != nil {
                    await attempt([stored], of: channel)
                } else {
                    postponed.add([(channel, stored)])
                }
            }
            last = end
        }
    }

    /// Carries effects out; one that fails stays in the outbox until ``retry(onlyDue:)``, and a proof until it is
    /// redeemed.
    ///
    /// - Returns: What the contract did; fewer than there were effects when something has to wait.
    @discardableResult
    func attempt(_ effects: [Stored], of channel: ChannelID) async -> [ContractReceipt<Scheme.Rules>] {
        await carryOut(effects, of: channel).receipts
    }

    private func carryOut(
        _ effects: [Stored], of channel: ChannelID
    ) async -> (receipts: [ContractReceipt<Scheme.Rules>], trouble: (any Error)?) {
        var receipts: [ContractReceipt<Scheme.Rules>] = []
        var trouble: (any Error)?
        for stored in effects {
            do {
                if let span = Scheme.proof(of: stored.effect) {
                    try await keep(stored, span: span, of: channel)
                    continue
                }
                guard let state = try await engine.state(of: channel) else {
                    throw EngineError.unknownChannel(channel)
                }
                if state.isMoot(stored.effect) {
                    try await engine.acknowledge(stored.id)
                    continue
                }
                let order = try await state.order(for: stored.effect, signedBy: authorizer, in: domain)
                receipts.append(try await carryOut(order, on: channel))
                try await engine.acknowledge(stored.id)
            } catch {
                if await isOver(stored, on: channel, after: error) { continue }
                if postponed.failed(stored, of: channel) {
                    logger.error("An effect must wait", metadata: ["channel": "\(channel)", "error": "\(error)"])
                }
                trouble = trouble ?? error
            }
        }
        return (receipts, trouble)
    }

    /// Whether the contract, which has just refused an effect, shows that nobody needs it any more: a ticket has expired,
    /// say, of which no event tells.
    ///
    /// Then the channel hears of it, and goes on with what is next.
    private func isOver(_ stored: Stored, on channel: ChannelID, after error: any Error) async -> Bool {
        guard case ContractError.refused = error else { return false }
        do {
            // On a copy: whoever hears the same again and again may ask for the same again and again.
            guard let snapshot = try await settlement.contract(Scheme.Rules.self, of: channel),
                var copy = try await engine.state(of: channel)
            else { return false }
            _ = try copy.apply(.observed(snapshot))
            guard copy.isMoot(stored.effect) else { return false }
            let next = try await engine.apply(.observed(snapshot), to: channel)
            await attempt(next.effects, of: channel)
            try await engine.acknowledge(stored.id)
            logger.notice("The contract refused for good", metadata: ["channel": "\(channel)", "error": "\(error)"])
            return true
        } catch {
            logger.error("A channel could not be read", metadata: ["channel": "\(channel)", "error": "\(error)"])
            return false
        }
    }

    /// Has the contract do something, and tells the channel what it is like then.
    @discardableResult
    func carryOut(
        _ order: Scheme.Rules.Order, on channel: ChannelID
    ) async throws -> ContractReceipt<Scheme.Rules> {
        let receipt = try await settlement.carryOut(order, on: channel, under: Scheme.Rules.self)
        // Two-way channels pay the key that signs, and those of before the payee's address was changed the former one.
        let receiver = engine.knownState(of: channel)?.claimTerms.receiver ?? payee
        for payout in receipt.payouts where payout.receiver == receiver { metrics?.claim(payout.amount) }
        _ = try await observed(receipt.snapshot, of: channel)
        return receipt
    }

    // MARK: - Looking

    /// Reads a channel from its contract, and tells the one that is kept.
    ///
    /// - Returns: The channel, which was never stored when it is new; `nil` when the contract has none.
    func refresh(_ id: ChannelID) async throws -> Scheme? {
        guard let snapshot = try await settlement.contract(Scheme.Rules.self, of: id) else { return nil }
        return try await observed(snapshot, of: id)
    }

    /// Tells a channel what its contract says, and does what it asks for then.
    ///
    /// - Returns: The channel, which was never stored when it is new.
    func observed(_ snapshot: ContractSnapshot<Scheme.Rules>, of id: ChannelID) async throws -> Scheme {
        guard try await engine.state(of: id) != nil else {
            return Scheme(id: id, ledger: snapshot, in: domain, payee: payee)
        }
        let applied = try await engine.apply(.observed(snapshot), to: id)
        if !applied.state.mayRedeem { try await forgetProofs(of: id) }
        await attempt(applied.effects, of: id)
        return applied.state
    }

    /// Whether any channel of the scheme is in memory.
    var hasChannels: Bool { engine.channelsInMemory > 0 }

    func sums() async throws -> PrepaidOffice.Sums {
        var sums = PrepaidOffice.Sums()
        try await each { _, state in
            sums.channels += 1
            sums.authorised = sums.authorised.adding(state.purse.authorised) ?? .max
            sums.charged = sums.charged.adding(state.purse.charged) ?? .max
            sums.captured = sums.captured.adding(state.captured) ?? .max
        }
        return sums
    }

    /// What each channel has captured, of those that have.
    func captured() async throws -> [ChannelID: Amount] {
        var captured: [ChannelID: Amount] = [:]
        try await each { id, state in if !state.captured.isZero { captured[id] = state.captured } }
        return captured
    }

    private func each(_ body: (ChannelID, Scheme) -> Void) async throws {
        var last: ChannelID?
        while true {
            let page = try await engine.channels(after: last, limit: 1000)
            guard let end = page.last else { return }
            for (id, stored) in page { body(id, engine.knownState(of: id) ?? stored) }
            last = end.id
        }
    }

    // MARK: - News

    /// Takes in that something happened to a channel; harmless for those of others.
    func changed(_ id: ChannelID) async throws {
        guard engine.knownState(of: id) != nil else { return }
        try await look(id)
    }

    /// Reads a channel from its contract, and tells the one that is kept.
    ///
    /// What it asks for then is done at the next ``retry(onlyDue:)``: many may show an old state in one block, and if each
    /// answer were waited for before the next channel is read, the last would be too late.
    private func look(_ id: ChannelID) async throws {
        guard let snapshot = try await settlement.contract(Scheme.Rules.self, of: id),
            try await engine.state(of: id) != nil
        else { return }
        let applied = try await engine.apply(.observed(snapshot), to: id)
        postponed.add(applied.effects.map { (id, $0) })
        if !applied.state.mayRedeem { try await forgetProofs(of: id) }
    }
}
