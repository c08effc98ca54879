// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingNode
import FarthingPrimitives

// A proof is redeemed in three steps: the contract pays for it, the channel hears of that, and the outbox forgets it.
// After a crash between them the steps are done again: the contract pays for nothing twice, and what the channel hears is
// a total, which does not grow when it is told again.
extension PrepaidBooks {
    /// How many proofs go into one order.
    static var proofsPerOrder: Int { 1024 }

    /// Remembers a proof, or forgets it when it was redeemed, or nobody can redeem it any more.
    func keep(_ stored: Stored, span: Range<Amount>, of channel: ChannelID) async throws {
        if keepNow(stored, span: span, of: channel) { return }
        if let state = try await engine.state(of: channel), !state.isWorth(span) {
            proofs.remove([stored.id], of: channel)
            return try await engine.acknowledge(stored.id)
        }
        proofs.insert(stored.id, span: span, of: channel)
    }

    /// Remembers a proof of a channel that is in memory, which nothing has to be waited for.
    ///
    /// - Returns: Whether it did.
    func keepNow(_ stored: Stored, span: Range<Amount>, of channel: ChannelID) -> Bool {
        guard let state = engine.knownState(of: channel), state.isWorth(span) else { return false }
        proofs.insert(stored.id, span: span, of: channel)
        return true
    }

    /// Lets go of all proofs of a channel that nobody can redeem any more.
    func forgetProofs(of channel: ChannelID) async throws {
        let ids = proofs.ids(of: channel)
        for id in ids { try await engine.acknowledge(id) }
        proofs.remove(ids, of: channel)
    }

    /// Redeems the proofs that were earned, oldest first.
    ///
    /// - Returns: What was paid out, or `nil` when no proof was earned as a whole.
    func redeemProofs(of id: ChannelID) async throws -> [Payout]? {
        var payouts: [Payout]?
        while let state = engine.knownState(of: id), state.mayRedeem {
            let due = proofs.due(
                of: id, after: state.captured, earned: state.purse.earned, most: Self.proofsPerOrder)
            guard let last = due.last else { return payouts }
            let kept = try await read(due, of: id)
            if !kept.isEmpty {
                guard let order = state.redemption(of: kept.map(\.effect)) else {
                    throw KeptProofFault.notRedeemable(count: kept.count)
                }
                payouts = (payouts ?? []) + (try await carryOut(order, on: id).payouts)
                _ = try await engine.apply(.captured(last.span.upperBound), to: id)
                for proof in kept { try await engine.acknowledge(proof.id) }
            }
            proofs.remove(Set(due.map(\.id)), of: id)
        }
        return payouts
    }

    /// Reads proofs from the outbox; those that are not there any more are left out.
    private func read(_ due: [KeptProofs.Proof], of id: ChannelID) async throws -> [Stored] {
        guard let first = due.first, let end = due.last else { return [] }
        let wanted = Set(due.map(\.id))
        var found: [Stored] = []
        var last = first.id - 1
        while last < end.id {
            let page = try await engine.unfinishedEffects(after: last, limit: Self.proofsPerOrder)
            guard let newest = page.last else { break }
            found += page.lazy.filter { $0.channel == id && wanted.contains($0.effect.id) }.map(\.effect)
            last = newest.effect.id
        }
        return found
    }
}

extension PrepaidOrders {
    /// Whether a proof may still bring something.
    fileprivate func isWorth(_ span: Range<Amount>) -> Bool { mayRedeem && span.upperBound > captured }
}

/// Proofs that were checked when they were taken, and are not what they were.
enum KeptProofFault: ExplainedError, Hashable {
    case notRedeemable(count: Int)

    var code: String { "prepaid.proofs-not-redeemable" }
    var message: String {
        switch self {
        case .notRedeemable(let count): "\(count) proofs in the outbox do not make up an order."
        }
    }
    var remedy: String? { "Run `farthing store verify`, and restore the store from a backup." }
}
