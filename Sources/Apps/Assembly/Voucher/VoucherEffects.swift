// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingNode
public import FarthingPrimitives
public import FarthingVoucherScheme
public import Logging
import Synchronization

/// Carries out what voucher channels ask for, and tells them what came of it.
///
/// Each effect lies in the outbox until it is done, and each may be done twice: after a crash all that lie there
/// are run again. What fails while the node runs, because the store or the ledger is in trouble, is run again at
/// ``retry(onlyDue:)``.
public final class VoucherEffects: Sendable {
    public typealias Stored = ChannelEngine<VoucherChannel>.StoredEffect

    let logger: Logger
    let engine: ChannelEngine<VoucherChannel>
    let settlement: any Settlement
    let authorizer: any Signer
    let index: UnclaimedIndex
    let clock: @Sendable () -> Instant
    let metrics = SchemeMetrics(.voucher)
    /// What could not be done, and lies in the outbox still.
    let postponed: PostponedEffects<VoucherChannel>
    /// The last deposits that were made when nobody waited for them any more: their payers hand them in again.
    private let unheard = Mutex<[ChannelID: SignedDeposit]>([:])
    private static let mostUnheard = 4096
    /// Claims that channels asked for when they heard news, and that nobody has begun.
    let asked = Mutex<[Asked]>([])

    /// An effect, and the channel that wants it.
    typealias Asked = (channel: ChannelID, effect: Stored)

    /// How many transactions are waited for at once.
    static let transactionsAtOnce = 64

    /// - Parameters:
    ///   - authorizer: The key that signs claims and refunds for the payee.
    ///   - index: Told which rows the settlement would not have.
    public init(
        engine: ChannelEngine<VoucherChannel>, settlement: any Settlement, authorizer: any Signer,
        index: UnclaimedIndex, logger: Logger, clock: @escaping @Sendable () -> Instant
    ) {
        self.engine = engine
        self.settlement = settlement
        self.authorizer = authorizer
        self.index = index
        self.logger = logger
        self.clock = clock
        // A payer that leaves can be claimed from for so long only.
        postponed = PostponedEffects(clock: clock) { if case .claim = $0 { true } else { false } }
    }

    /// Takes up all that a crash left undone, which the next ``retry(onlyDue:)`` does.
    ///
    /// Call it before the first request: whoever asks then for what was under way finds it. It waits for no transaction.
    ///
    /// - Returns: How many effects there are.
    func takeUp() async throws -> Int {
        let found = try await unfinished()
        postponed.add(found)
        return found.count
    }

    /// Runs all that a crash left undone, each effect once, and waits for it.
    ///
    /// Call it before the first request. What cannot be done now, because the settlement is in trouble or because the
    /// store does not let go of it, stays in the outbox until ``retry(onlyDue:)``.
    ///
    /// - Returns: How many effects were run.
    @discardableResult
    public func recover() async throws -> Int {
        let found = try await unfinished()
        // Claims first, since a payer may be leaving.
        do { try await claim(for: found.filter(\.effect.isClaim)) } catch is SettlementError {}
        let others = found.filter { !$0.effect.isClaim }
        let trouble = await others.severalAtOnce(Self.transactionsAtOnce) { [self] channel, stored in
            do { try await run([stored], of: channel) } catch is SettlementError {}
        }
        if let trouble { throw trouble }
        return found.count
    }

    private func unfinished() async throws -> [Asked] {
        var found: [Asked] = []
        while true {
            let page = try await engine.unfinishedEffects(after: found.last?.effect.id, limit: 1000)
            if page.isEmpty { return found }
            found += page
        }
    }

    /// Runs again what could not be done when it was asked for.
    ///
    /// A deposit that is made only now is not charged for: its answer was withheld.
    ///
    /// - Parameter onlyDue: Whether what has failed again and again is left for later.
    public func retry(onlyDue: Bool = false) async {
        let effects = postponed.take(onlyDue: onlyDue)
        let others = effects.filter { !$0.effect.isClaim }
        // Neither waits for the other. What cannot be claimed is logged, and postponed again.
        async let claimed: Void? = try? claim(for: effects.filter(\.effect.isClaim))
        _ = await others.severalAtOnce(Self.transactionsAtOnce) { [self] channel, effect in
            await attempt([effect], of: channel)
        }
        _ = await claimed
        postponed.tried(effects)
    }

    /// Runs again what could not be done for one channel.
    ///
    /// - Returns: Whether there was anything.
    func retry(_ channel: ChannelID) async -> Bool {
        let effects = postponed.take { $0.channel == channel }
        for (_, effect) in effects { await attempt([effect], of: channel) }
        postponed.tried(effects)
        return !effects.isEmpty
    }

    /// Runs effects of which nobody waits for the outcome.
    func run(_ effects: [Stored], of channel: ChannelID) async throws {
        for stored in effects {
            switch stored.effect {
            // Nobody gets the answer that this deposit was to pay for, so the payer is not charged.
            case .submitDeposit:
                try await finish(stored) { _ = try await deposit(stored, of: channel, charging: false) }
            case .submitRefund:
                try await finish(stored) { _ = try await refund(stored, of: channel) }
            case .claim:
                try await postponingTrouble(with: stored, of: channel) {
                    // A row that the settlement will not have is the schedule's from now on.
                    do { try await claim([channel]) } catch let error as SettlementError where error.isVerdict {
                        refused([channel], error)
                    }
                    try await engine.acknowledge(stored.id)
                }
            }
        }
    }

    /// Does work for an effect that must be done sooner or later, unless the channel or the ledger refuses it.
    private func postponingTrouble<Value>(
        with stored: Stored, of channel: ChannelID, saying message: Logger.Message = "An effect must wait",
        _ work: () async throws -> Value
    ) async throws -> Value {
        do { return try await work() } catch let refusal as VoucherChannel.Refusal { throw refusal } catch {
            postpone(stored, of: channel, after: error, saying: message)
            throw error
        }
    }

    private func postpone(
        _ stored: Stored, of channel: ChannelID, after error: any Error, saying message: Logger.Message
    ) {
        guard postponed.failed(stored, of: channel) else { return }
        logger.error(message, metadata: ["channel": "\(channel)", "error": "\(error)"])
    }

    /// Runs an effect, after which it is out of the outbox also when its outcome was refused.
    ///
    /// Either the ledger would not have it, and the channel is idle again; or a crash came after the channel had
    /// heard of it and before it was acknowledged, and the channel does not want to hear of it twice.
    private func finish(_ stored: Stored, _ work: () async throws -> Void) async throws {
        do { try await work() } catch is VoucherChannel.Refusal { try await engine.acknowledge(stored.id) }
    }

    /// Tells a channel that its effect came to nothing, and takes it out of the outbox.
    private func giveUp(
        _ stored: Stored, of channel: ChannelID, telling event: VoucherChannel.Event
    ) async throws {
        // Refused when the channel was told before a crash.
        do { _ = try await engine.apply(event, to: channel) } catch is VoucherChannel.Refusal {}
        try await engine.acknowledge(stored.id)
    }

    /// Takes out of the outbox what the channel has heard of, and runs what it asks for in return.
    ///
    /// The work is done, so trouble with this is no reason to say that it was not.
    private func conclude(_ stored: Stored, of channel: ChannelID, then effects: [Stored]) async {
        do { try await engine.acknowledge(stored.id) } catch {
            postpone(stored, of: channel, after: error, saying: "An effect stays in the outbox")
        }
        await attempt(effects, of: channel)
    }

    /// Runs effects on the way to something else, which must not fail with them.
    ///
    /// What cannot be done now stays in the outbox until ``retry(onlyDue:)``.
    func attempt(_ effects: [Stored], of channel: ChannelID) async {
        do { try await run(effects, of: channel) } catch {
            // What is postponed was told of, as often as it is worth.
            guard !effects.contains(where: postponed.contains) else { return }
            logger.error("An effect must wait", metadata: ["channel": "\(channel)", "error": "\(error)"])
        }
    }

    /// Tells a channel what happened, and does what it asks for in return.
    func tell(_ channel: ChannelID, _ event: VoucherChannel.Event, opening: VoucherChannel? = nil) async throws {
        let applied = try await engine.apply(event, to: channel, opening: opening)
        try await run(applied.effects, of: channel)
    }

    // MARK: - Deposits

    /// - Throws: ``VoucherChannel/Refusal/depositFailed(_:)`` when the ledger would not have it; the channel is
    ///   idle again then. A `SettlementError` that is no verdict when nobody knows yet: the deposit may still be made,
    ///   so the channel takes no payments until ``retry(onlyDue:)`` has found out.
    func deposit(
        _ stored: Stored, of channel: ChannelID, charging: Bool
    ) async throws -> (state: VoucherChannel, receipt: DepositReceipt) {
        // What is handed in goes on without the payer: that its connection ends must not break it off.
        try await Task { try await handInDeposit(stored, of: channel, charging: charging) }.value
    }

    private func handInDeposit(
        _ stored: Stored, of channel: ChannelID, charging: Bool
    ) async throws -> (state: VoucherChannel, receipt: DepositReceipt) {
        guard case .submitDeposit(let deposit, let id) = stored.effect else {
            throw EngineError.unknownChannel(channel)
        }
        return try await postponingTrouble(
            with: stored, of: channel, saying: "Nobody knows yet whether a deposit is made"
        ) {
            let receipt: DepositReceipt
            do {
                receipt = try await settlement.deposit(
                    deposit, for: try await voucher(of: channel, for: id, deposit.terms))
            } catch let error as SettlementError {
                guard error.isVerdict else { throw error }
                // After a crash, or when an answer was lost, the deposit may be made already: then the money counts.
                if let snapshot = try? await settlement.snapshot(of: channel) {
                    try await tell(channel, .observed(snapshot))
                }
                try await giveUp(stored, of: channel, telling: .depositFailed(id))
                throw VoucherChannel.Refusal.depositFailed(error)
            }
            let applied: ChannelEngine<VoucherChannel>.Applied
            do {
                applied = try await engine.apply(
                    .deposited(id, receipt.snapshot, charging: charging, at: clock()), to: channel)
            } catch let refusal as VoucherChannel.Refusal where charging {
                // The money is locked, but does not cover the charge: keep the one, give up the other.
                try await run([stored], of: channel)
                throw refusal
            }
            await conclude(stored, of: channel, then: applied.effects)
            unheard.withLock { unheard in
                unheard[channel] = charging ? nil : deposit
                if unheard.count > Self.mostUnheard, let other = unheard.keys.first(where: { $0 != channel }) {
                    unheard[other] = nil
                }
            }
            return (applied.state, receipt)
        }
    }

    /// Whether a deposit was made without its payer's hearing of it.
    func isMadeUnheard(_ deposit: SignedDeposit, in channel: ChannelID) -> Bool {
        unheard.withLock { $0[channel] == deposit }
    }

    /// The voucher that a channel's deposit came with.
    ///
    /// - Throws: ``VoucherChannel/Refusal/reservationLost`` when the channel has heard already what became of it, and
    ///   only the note in the outbox is left.
    private func voucher(
        of channel: ChannelID, for id: ReservationID, _ terms: ChannelTerms
    ) async throws -> SignedCeiling {
        guard let state = try await engine.state(of: channel) else { throw EngineError.unknownChannel(channel) }
        guard case .depositing(let reservation, _) = state.phase, reservation.id == id else {
            throw VoucherChannel.Refusal.reservationLost
        }
        return reservation.voucher.signedCeiling(under: terms, of: channel, in: settlement.domain)
    }

    // MARK: - Refunds

    /// - Throws: ``VoucherChannel/Refusal/refundFailed(_:)`` when the ledger would not have it; the channel is idle
    ///   again then. A `SettlementError` that is no verdict when nobody knows yet: the refund may still be made, so the
    ///   channel takes no payments until ``retry(onlyDue:)`` has found out.
    func refund(_ stored: Stored, of channel: ChannelID) async throws -> RefundReceipt {
        try await Task { try await handInRefund(stored, of: channel) }.value
    }

    private func handInRefund(_ stored: Stored, of channel: ChannelID) async throws -> RefundReceipt {
        guard case .submitRefund(let amount, let nonce, let id) = stored.effect,
            let state = try await engine.state(of: channel)
        else { throw EngineError.unknownChannel(channel) }
        return try await postponingTrouble(with: stored, of: channel) {
            let receipt: RefundReceipt
            do {
                // What was earned is booked first, so that the refund cannot touch it.
                try await claim([channel])
                let digest = settlement.domain.refundDigest(channel: channel, nonce: nonce, amount: amount)
                let order = RefundOrder(
                    terms: state.terms, amount: amount, nonce: nonce, signature: try await authorizer.sign(digest),
                    voucher: state.best?.signedCeiling(under: state.terms, of: channel, in: settlement.domain))
                receipt = try await settlement.refund(order)
            } catch let error as SettlementError where error.isVerdict {
                // After a crash, or when an answer was lost, the refund may be done already: the ledger then asks for
                // the next nonce.
                if let snapshot = try? await settlement.snapshot(of: channel) {
                    try await tell(channel, .observed(snapshot))
                }
                try await giveUp(stored, of: channel, telling: .refundFailed(id))
                throw VoucherChannel.Refusal.refundFailed(error)
            }
            let applied = try await engine.apply(.refunded(id, receipt.snapshot), to: channel)
            await conclude(stored, of: channel, then: applied.effects)
            return receipt
        }
    }
}

extension ChannelEngine.StoredEffect where Scheme == VoucherChannel {
    var isClaim: Bool { if case .claim = effect { true } else { false } }
}
