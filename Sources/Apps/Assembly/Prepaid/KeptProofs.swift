// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// Which proofs wait in the outbox until they are redeemed, and what they come to.
///
/// The proofs themselves stay in the store: there may be a million of them.
final class KeptProofs: Sendable {
    struct Proof: Hashable {
        let id: PendingEffect.ID
        /// What all proofs of the channel up to this one come to.
        let total: Amount
    }

    /// In ascending order of their ids, which is that of their totals.
    private let proofs = Mutex<[ChannelID: [Proof]]>([:])

    /// Takes a proof in, wherever it belongs; harmless when it is there.
    func insert(_ id: PendingEffect.ID, total: Amount, of channel: ChannelID) {
        proofs.withLock { proofs in
            var kept = proofs.removeValue(forKey: channel) ?? []
            // Nearly always it is the newest.
            var (low, high) = (kept.last.map { $0.id < id } ?? true ? kept.count : 0, kept.count)
            while low < high {
                let middle = (low + high) / 2
                if kept[middle].id < id { low = middle + 1 } else { high = middle }
            }
            if low == kept.count || kept[low].id != id { kept.insert(Proof(id: id, total: total), at: low) }
            proofs[channel] = kept
        }
    }

    func remove(_ ids: Set<PendingEffect.ID>, of channel: ChannelID) {
        proofs.withLock { proofs in
            guard let last = ids.max(), let kept = proofs[channel] else { return }
            // Those that go are among the oldest.
            let end = kept.firstIndex { $0.id > last } ?? kept.endIndex
            proofs[channel] = kept[..<end].filter { !ids.contains($0.id) } + kept[end...]
            if proofs[channel]?.isEmpty == true { proofs[channel] = nil }
        }
    }

    /// The oldest proofs that come to no more than was earned.
    func due(of channel: ChannelID, earned: Amount, most: Int) -> [Proof] {
        proofs.withLock { Array(($0[channel] ?? []).prefix { $0.total <= earned }.prefix(most)) }
    }

    func count(of channel: ChannelID) -> Int { proofs.withLock { $0[channel]?.count ?? 0 } }
}
