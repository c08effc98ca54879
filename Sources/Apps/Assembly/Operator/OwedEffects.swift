// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHashChainScheme
import FarthingLotteryScheme
import FarthingMerkleTokenScheme
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingTwoWayScheme
import FarthingVoucherScheme

/// What channels wait for, held against what lies in the outbox.
///
/// A channel and the effects that it asked for are committed together. Where only the channel is there, as in a copy
/// that was made carelessly, it waits for ever, or a proof that was paid with is gone.
struct OwedEffects {
    private enum Need {
        case anything
        /// This effect, in its stored form.
        case effect([UInt8])
        /// An effect of a deposit or a refund under this reservation.
        case reservation(ReservationID)
        /// Proofs that follow each other without a gap, from what was redeemed on.
        case proofs(through: Amount, until: Amount)
    }

    private struct Owed {
        let version: Version
        var need: Need
        let what: String
    }

    private var owed: [ChannelID: Owed] = [:]

    /// Takes in a channel; those that wait for nothing are not kept.
    mutating func expect(of stored: StoredChannel) {
        guard let (need, what) = Self.need(of: stored.record) else { return }
        owed[stored.id] = Owed(version: stored.record.version, need: need, what: what)
    }

    private static func need(of record: ChannelRecord) -> (Need, String)? {
        switch PaymentScheme.prepaid(record.scheme) {
        case nil:
            switch (try? VoucherChannel(stored: record.state))?.phase {
            case .depositing(let reservation, _)?:
                return (.reservation(reservation.id), "it waits for a deposit that nobody will hand in")
            case .refunding(let refund)?:
                return (.reservation(refund.id), "it waits for a refund that nobody will make")
            case .idle?, .serving?, nil: return nil
            }
        case is HashChainChannel.Type:
            // Which step the close names follows from what was earned and redeemed, and the latter may grow.
            guard let channel = try? HashChainChannel(stored: record.state), channel.phase == .closing else {
                return nil
            }
            return (.anything, "it waits for a close that nobody will hand in")
        case is MerkleTokenChannel.Type:
            guard let channel = try? MerkleTokenChannel(stored: record.state), channel.phase == .open,
                channel.captured < channel.purse.authorised
            else { return nil }
            return (
                .proofs(through: channel.captured, until: channel.purse.authorised),
                "proofs of tokens that it was paid with are gone"
            )
        case is TwoWayChannel.Type:
            guard let channel = try? TwoWayChannel(stored: record.state), let ending = channel.ending,
                channel.party.standing != .closed
            else { return nil }
            return (
                .effect(TwoWayChannel.stored(.submitClose(ending))), "it waits for an end that nobody will hand in"
            )
        case is LotteryChannel.Type:
            guard let winner = (try? LotteryChannel(stored: record.state))?.redemption else { return nil }
            return (.effect(LotteryChannel.stored(.redeem(winner))), "a ticket that has won will not be redeemed")
        case _?: return nil
        }
    }

    /// Takes in an effect of the outbox; in the order of their names.
    mutating func found(_ effect: PendingEffect) {
        guard let need = owed[effect.channel]?.need else { return }
        switch need {
        case .anything: owed[effect.channel] = nil
        case .effect(let body):
            if effect.body == body { owed[effect.channel] = nil }
        case .reservation(let id):
            if Self.carries(effect.body, id) { owed[effect.channel] = nil }
        case .proofs(let through, let until):
            guard let proof = try? MerkleTokenChannel.effect(stored: effect.body),
                let span = MerkleTokenChannel.proof(of: proof), span.lowerBound <= through
            else { return }
            let end = max(through, span.upperBound)
            if end >= until {
                owed[effect.channel] = nil
            } else {
                owed[effect.channel]?.need = .proofs(through: end, until: until)
            }
        }
    }

    private static func carries(_ body: [UInt8], _ id: ReservationID) -> Bool {
        switch try? VoucherChannel.effect(stored: body) {
        case .submitDeposit(_, let other)?, .submitRefund(_, _, let other)?: other == id
        case .claim?, nil: false
        }
    }

    /// Names the channels whose effects are not there.
    ///
    /// A node that works meanwhile commits what a channel does next before it acknowledges an effect: so what is
    /// missing was missed only where the channel is still what it was.
    func faults(in store: JournalStore) async throws -> [String] {
        var faults: [String] = []
        for (id, owed) in owed.sorted(by: { $0.key < $1.key })
        where try await store.load(id)?.version == owed.version {
            faults.append("channel \(id): \(owed.what)")
        }
        return faults
    }
}
