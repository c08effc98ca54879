// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingPrimitives

extension LotteryChannel {
    /// Why a payment was refused; the channel is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        // The channel.
        case notOpen(phase: String)
        case expiring(at: UInt64, now: Instant)
        /// We have no share of the reserve, so that nothing is certain to pay a winner.
        case noSeat(Address)
        case seatSignature
        /// Another key than ours says which tickets are paid to us.
        case seatAuthorizer(Address)
        /// What is left in a fund for many payees is nobody's to give back before it expires.
        case noClose(until: UInt64)
        // The ticket.
        case foreignPayee(Address)
        /// There is no ticket, or it is not for what we promise now.
        case commitment
        case staleNonce(nonce: UInt64, last: UInt64)
        case worthless
        case longOdds(threshold: UInt64, least: UInt64)
        /// What it can win is not worth the transaction that it costs.
        case smallFace(Amount, least: Amount)
        case outlivesChannel(ticket: UInt64, channel: UInt64)
        case ticketExpiring(at: UInt64, now: Instant)
        case ticketSignature
        /// It would pay more than our seat is certain to have.
        case faceValue(Amount, room: Amount)
        case winnersWait(count: Int)
        // The money.
        case purse(Purse.Refusal)
    }
}

extension LotteryChannel.Refusal {
    public var code: String { "invalid_lottery_\(rule)" }

    private var rule: String {
        switch self {
        case .notOpen: "channel_not_open"
        case .expiring: "channel_expiring"
        case .noSeat: "no_seat"
        case .seatSignature: "seat_signature"
        case .seatAuthorizer: "seat_authorizer"
        case .noClose: "no_close"
        case .foreignPayee: "foreign_payee"
        case .commitment: "commitment"
        case .staleNonce: "stale_nonce"
        case .worthless: "worthless"
        case .longOdds: "long_odds"
        case .smallFace: "small_face"
        case .outlivesChannel: "outlives_channel"
        case .ticketExpiring: "ticket_expiring"
        case .ticketSignature: "ticket_signature"
        case .faceValue: "face_value"
        case .winnersWait: "winners_wait"
        case .purse(.insufficient): "insufficient"
        case .purse(.busy): "channel_busy"
        case .purse(.reservationLost): "reservation_lost"
        case .purse(.chargeExceedsPrice), .purse(.creditExceedsCharged), .purse(.overflow): "charge"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .expiring(let at, let now):
            "The channel expires at \(at), it is \(now.unixSeconds) (Unix seconds), and 300 s are kept to redeem."
        case .noSeat(let payee): "\(payee) has no seat in the channel."
        case .seatSignature: "The channel's payer did not sign the seat, with the authorizer of the offer."
        case .seatAuthorizer(let authorizer): "\(authorizer) signs for the payee's seat, and not who is in the offer."
        case .noClose(let until): "The channel is for many payees, and ends at \(until) (Unix seconds)."
        case .foreignPayee(let payee): "The ticket is for \(payee)."
        case .commitment: "There is no ticket for what the payee promises now."
        case .staleNonce(let nonce, let last): "The ticket's nonce is \(nonce), and \(last) was taken."
        case .worthless: "The ticket is worth less than one unit."
        case .longOdds(let threshold, let least): "The ticket's threshold is \(threshold); \(least) is the least."
        case .smallFace(let face, let least): "The ticket can win \(face); \(least) is the least."
        case .outlivesChannel(let ticket, let channel):
            "The ticket expires at \(ticket), after the channel at \(channel) (Unix seconds)."
        case .ticketExpiring(let at, let now):
            """
            The ticket expires at \(at), it is \(now.unixSeconds) (Unix seconds), and 300 s are kept to redeem it, \
            as for each winner before it.
            """
        case .ticketSignature: "The channel's payer did not sign the ticket."
        case .faceValue(let face, let room): "The ticket can win \(face), and the seat is certain to have \(room)."
        case .winnersWait(let count): "\(count) tickets have won and wait to be paid."
        case .purse(let refusal): refusal.message
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen, .expiring: "Open another channel."
        case .seatAuthorizer: "Open another channel, and sign a seat with the authorizer of the offer."
        case .noSeat: "Sign a seat, in a channel that has one free."
        case .noClose: "Wait until then."
        case .commitment, .staleNonce: "Sign a new ticket, for what the correction tells."
        case .longOdds, .faceValue: "Sign a ticket that wins less, and more often."
        case .smallFace: "Sign a ticket that wins more, and more seldom."
        case .ticketExpiring: "Sign a ticket that is valid for longer."
        case .winnersWait: "Wait a moment."
        case .purse(let refusal): refusal.remedy
        default: nil
        }
    }

    /// Whether the payer's books differ from ours, so that it helps to show ours.
    public var callsForCorrection: Bool {
        switch self {
        case .commitment, .staleNonce, .faceValue, .purse(.insufficient): true
        default: false
        }
    }
}
