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
        /// What all proofs of the channel before it come to, and with it.
        let span: Range<Amount>
    }

    /// In ascending order of their ids, which is that of their spans.
    private let proofs = Mutex<[ChannelID: [Proof]]>([:])

    /// Takes a proof in, wherever it belongs; harmless when it is there.
    func insert(_ id: PendingEffect.ID, span: Range<Amount>, of channel: ChannelID) {
        proofs.withLock { Self.insert(Proof(id: id, span: span), into: &$0[channel, default: []]) }
    }

    private static func insert(_ proof: Proof, into kept: inout [Proof]) {
        // Nearly always it is the newest.
        var (low, high) = (kept.last.map { $0.id < proof.id } ?? true ? kept.count : 0, kept.count)
        while low < high {
            let middle = (low + high) / 2
            if kept[middle].id < proof.id { low = middle + 1 } else { high = middle }
        }
        if low == kept.count || kept[low].id != proof.id { kept.insert(proof, at: low) }
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

    /// All that are kept of a channel.
    func ids(of channel: ChannelID) -> Set<PendingEffect.ID> {
        proofs.withLock { Set(($0[channel] ?? []).map(\.id)) }
    }

    /// The oldest proofs that come to no more than was earned.
    ///
    /// They follow each other without a gap: where one is missing that is about to be inserted, those behind it wait, so
    /// that all proofs up to the last that was redeemed were redeemed.
    func due(of channel: ChannelID, after captured: Amount, earned: Amount, most: Int) -> [Proof] {
        proofs.withLock { proofs in
            var end = captured
            return Array(
                (proofs[channel] ?? []).prefix { proof in
                    guard proof.span.lowerBound <= end, proof.span.upperBound <= earned else { return false }
                    end = max(end, proof.span.upperBound)
                    return true
                }.prefix(most))
        }
    }
}
