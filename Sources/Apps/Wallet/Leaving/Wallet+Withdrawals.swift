// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
import FarthingVoucherScheme

extension Wallet {
    /// How far a withdrawal is.
    public enum WithdrawalStep: Hashable, Sendable {
        /// It was asked for, and may be made from then on.
        case started(Amount, due: Instant)
        case waiting(Amount, due: Instant)
        case paid(Amount)
    }

    /// Takes money out without the payee: asks for it, waits the channel's delay, takes it.
    ///
    /// Each call does the next step, and finds out from the settlement which that is; so it may be called again after a
    /// crash, or on another machine with the same key.
    ///
    /// - Parameters:
    ///   - amount: For vouchers alone; `nil` for the sum of a withdrawal that was begun and of which the settlement knows
    ///     nothing, else for all that the payee has not claimed. What it still claims in the delay is its own.
    ///   - givingUp: Whether a channel that this settlement does not hold is given up, although its payee has charged for
    ///     what it served: for who knows that the settlement is the right one, and that the payee never handed the deposit
    ///     in. Only when that cannot be handed in any more.
    /// - Throws: ``WalletError/noSettlement(_:)`` when the settlement cannot be written to from here,
    ///   ``WalletError/notThere(_:_:)`` when it does not hold the channel, `SettlementError`.
    public func withdraw(
        _ id: ChannelID, amount: Amount? = nil, givingUp: Bool = false
    ) async throws -> WithdrawalStep {
        if let scheme = try await journal.prepaidScheme(of: id), let books = PrepaidSchemes.books(of: scheme) {
            return try await leave(books, id, givingUp: givingUp)
        }
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard let known = try await journal.channel(id) else { throw WalletError.unknownChannel(id) }
        guard let settlement = views[known.network] as? any WithdrawalSettlement else {
            throw WalletError.noSettlement(known.network)
        }
        guard let snapshot = try await settlement.snapshot(of: id) else {
            throw WalletError.notThere(id, known.network)
        }
        var channel = try await taking(snapshot, into: try await prepared(known))
        if let paid = Findings(from: known.books, to: channel.books).withdrawn { return .paid(paid) }
        let terms = channel.books.terms
        guard let pending = channel.books.withdrawal else {
            let free = snapshot.balance.clampedSubtracting(snapshot.totalClaimed)
            // One that a crash left behind before it was asked for is taken up again, for the sum it was begun for.
            let left = try await journal.pendingWithdrawal(of: id)
            let begun = if let left { try await journal.sum(ofWithdrawal: left) } else { nil as Amount? }
            let asked = amount ?? min(begun ?? free, free)
            let entry: Int64
            if let left {
                try await journal.ask(for: asked, in: left)
                entry = left
            } else {
                entry = try await journal.begin(
                    draft(.withdrawal, channel, asked, nil), channel: channel, under: policy, isApproved: true,
                    at: clock())
            }
            do {
                let receipt = try await settlement.initiateWithdraw(terms, amount: asked, by: signer)
                _ = try channel.books.apply(.observed(receipt.snapshot))
                try await journal.finish(
                    entry,
                    JournalOutcome(.pending, code: "wallet.withdrawal-started", transaction: receipt.transaction),
                    channel: channel)
                return .started(receipt.amount, due: due(receipt.snapshot.withdrawal, terms))
            } catch let error as SettlementError {
                // What may be in a block yet stays under way; the next call, or whoever watches, finds out.
                if error.leavesWithdrawalOpen { throw error }
                // No refusal of a later attempt tells what became of the one before.
                if let left, let begun, !free.isZero {
                    try await journal.ask(for: begun, in: left)
                    throw error
                }
                try await journal.finish(entry, JournalOutcome(.refused, code: error.code), channel: channel)
                throw error
            }
        }
        let due = due(pending, terms)
        guard try await settlement.head().time >= due else { return .waiting(pending.amount, due: due) }
        let receipt = try await settlement.finalizeWithdraw(terms, by: signer)
        _ = try channel.books.apply(.observed(receipt.snapshot))
        let entry = try await journal.pendingWithdrawal(of: id)
        let outcome = JournalOutcome(.paid, charged: receipt.amount, transaction: receipt.transaction)
        if let entry {
            try await journal.finish(entry, outcome, channel: channel)
        } else {
            let entry = try await journal.begin(
                draft(.withdrawal, channel, receipt.amount, nil), channel: channel, under: policy, isApproved: true,
                at: clock())
            try await journal.finish(entry, outcome, channel: channel)
        }
        return .paid(receipt.amount)
    }

    private func due(_ withdrawal: PendingWithdrawal?, _ terms: ChannelTerms) -> Instant {
        (withdrawal?.requestedAt ?? clock()).advanced(bySeconds: Int64(clamping: terms.withdrawDelay))
    }
}

extension SettlementError {
    /// Whether a withdrawal may have begun that was answered so.
    fileprivate var leavesWithdrawalOpen: Bool {
        switch self {
        case .unavailable, .cancelled, .withdrawalAlreadyPending: true
        default: false
        }
    }
}
