// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import Logging

/// Sees to it that what is known of channels is not older than it may be.
struct ChannelReader: Sendable {
    let engine: ChannelEngine<VoucherChannel>
    let settlement: any Settlement
    let effects: VoucherEffects
    let clock: @Sendable () -> Instant
    private let pass = ReadingPass()

    /// Whether a channel is shown only to whoever holds a voucher of it, and may change unseen.
    func showsByVoucher(_ terms: ChannelTerms) -> Bool { settlement.freshness(of: terms) != nil }

    /// Whether the channel must be read before it is relied on.
    func isStale(_ state: VoucherChannel) -> Bool {
        guard let seconds = settlement.freshness(of: state.terms) else { return false }
        let age = clock().seconds(since: state.ledger.block.time)
        // A reading from the future was made by another clock, and says nothing about its age.
        return age > seconds || age < -seconds
    }

    /// A channel that is not stored yet.
    ///
    /// - Parameter isChecked: Whether a deposit was checked just now, and the channel read with it.
    func opening(_ channel: ChannelID, _ shown: SignedCeiling, isChecked: Bool) async throws -> VoucherChannel {
        let snapshot = isChecked ? try await settlement.snapshot(of: channel) : try await read(channel, shown)
        let head = try await settlement.head()
        return VoucherChannel(id: channel, terms: shown.terms, ledger: snapshot ?? .unopened(at: head))
    }

    /// Reads a channel, and tells it how it stands.
    func refresh(_ channel: ChannelID, _ shown: SignedCeiling, opening: VoucherChannel?) async throws {
        guard let snapshot = try await look(channel, shown) else { return }
        try await effects.tell(channel, .observed(snapshot), opening: opening)
    }

    /// How a channel stands now; `nil` when nobody can see it, nor ever could.
    private func look(_ channel: ChannelID, _ shown: SignedCeiling) async throws -> ChannelSnapshot? {
        let state = try await engine.state(of: channel)
        let voucher = state.map { proof(of: $0, or: shown) } ?? shown
        if let snapshot = try await read(channel, voucher) { return snapshot }
        guard let state, showsByVoucher(shown.terms) else { return nil }
        return try await vanished(state)
    }

    /// Reads again all channels that have something to claim and were not read for too long, so that a payer's wish
    /// to withdraw is seen in time.
    ///
    /// One that cannot be read stops no other. Where many in a row cannot be, nobody answers: then the pass ends, and
    /// the next begins behind that place. All that are leaving are claimed from at once.
    ///
    /// - Throws: What went wrong first, once all others are read.
    func refreshAll() async throws {
        var last = pass.begin()
        var trouble: (any Error)?
        while !pass.isGivenUp {
            let page = try await engine.channels(after: last, limit: 500)
            guard let end = page.last else {
                pass.reachEnd()
                break
            }
            let stale = page.filter { !$0.state.claimable.isZero && isStale($0.state) }
            let failure = await stale.severalAtOnce(Self.readsAtOnce) { try await readAgain($0.id, $0.state) }
            trouble = trouble ?? failure
            last = end.id
        }
        try await effects.claimAsked()
        if let trouble { throw trouble }
    }

    private static let readsAtOnce = 8

    private func readAgain(_ id: ChannelID, _ state: VoucherChannel) async throws {
        guard let best = state.best, pass.enter(id) else { return }
        do {
            let shown = best.signedCeiling(under: state.terms, of: id, in: settlement.domain)
            if let snapshot = try await look(id, shown) { try await effects.takeIn(snapshot, of: id) }
            pass.leave(hasFailed: false)
        } catch {
            effects.logger.error("A channel cannot be read", metadata: ["channel": "\(id)", "error": "\(error)"])
            // Whoever refuses one answers.
            let isRefused = error is VoucherChannel.Refusal
            pass.leave(hasFailed: !isRefused)
            if !isRefused { throw error }
        }
    }

    private func read(_ channel: ChannelID, _ shown: SignedCeiling) async throws -> ChannelSnapshot? {
        do {
            return try await settlement.snapshot(of: channel, shown: shown)
        } catch {
            switch error {
            case .refused, .voucherSignature: throw VoucherChannel.Refusal.turnedDown(error)
            default: throw error
            }
        }
    }

    /// The voucher to show: the new one as far as the channel is known to cover it, else the best that was accepted.
    private func proof(of state: VoucherChannel, or shown: SignedCeiling) -> SignedCeiling {
        guard shown.ceiling > state.ledger.balance || shown.ceiling < state.charged, let best = state.best else {
            return shown
        }
        return best.signedCeiling(under: state.terms, of: state.id, in: settlement.domain)
    }

    /// Nobody knows the channel any more: its payer has taken out everything.
    ///
    /// What was claimed stays in a channel's balance, so one that was claimed from cannot have vanished.
    private func vanished(_ state: VoucherChannel) async throws -> ChannelSnapshot {
        guard state.ledger.totalClaimed.isZero else {
            throw SettlementError.unavailable(reason: "channel \(state.id) is not to be seen")
        }
        var snapshot = ChannelSnapshot.unopened(at: try await settlement.head())
        snapshot.refundNonce = state.ledger.refundNonce
        return snapshot
    }
}
