// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// Which claims from channels that are being withdrawn from bring so much that others must not keep them waiting.
///
/// A payer that leaves can have its own vouchers claimed, too, each for one unit more than the last. Whatever bound there
/// is for its channel, it would use it up with them, until it has withdrawn what the payee's best voucher is worth. So a
/// claim that raises what is claimed by an eighth is bound by nothing of its channel's: before a payer has made sixty or
/// so of them, it has paid what it owes.
final class UrgentClaims: Sendable {
    /// Totals that are being claimed.
    private let underWay = Mutex<[ChannelID: [Amount]]>([:])

    /// Lets a claim through, in one step with whoever has the last word: one that is refused never was under way, and
    /// makes no other seem to bring little.
    ///
    /// A claim that raises what is claimed of a channel by much, also over what is being claimed meanwhile, is being
    /// claimed itself until ``end(_:of:)``.
    ///
    /// - Parameter admit: Is told whether the claim brings so much; `nil` refuses it. It must ask nothing of this.
    func admit<Share: Sendable>(
        _ total: Amount, of channel: ChannelID, in snapshot: ChannelSnapshot, by admit: (_ isUrgent: Bool) -> Share?
    ) -> (share: Share, isUrgent: Bool)? {
        underWay.withLock { underWay in
            let before = max(snapshot.totalClaimed, underWay[channel]?.max() ?? .zero)
            let isUrgent =
                total > before && total.clampedSubtracting(before) >= Self.much(over: before, in: snapshot)
            guard let share = admit(isUrgent) else { return nil }
            if isUrgent { underWay[channel, default: []].append(total) }
            return (share, isUrgent)
        }
    }

    func end(_ total: Amount, of channel: ChannelID) {
        underWay.withLock { underWay in
            guard var totals = underWay[channel], let index = totals.firstIndex(of: total) else { return }
            totals.remove(at: index)
            underWay[channel] = totals.isEmpty ? nil : totals
        }
    }

    /// An eighth more than before; and as an eighth of nearly nothing is little, a 4096th of all that the channel holds.
    private static func much(over before: Amount, in snapshot: ChannelSnapshot) -> Amount {
        max(Amount(units: before.units / 8), Amount(units: snapshot.balance.units / 4096))
    }
}
