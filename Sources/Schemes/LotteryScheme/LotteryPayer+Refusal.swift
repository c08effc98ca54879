// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension LotteryPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        /// The seat has too little for a ticket of that worth.
        case exhausted(price: Amount)
        /// The payee wants tickets to win so much that one would be worth more than the request costs.
        case leastFace(Amount, most: Amount)
        /// The tickets that can still win would pay more together than the policy allows.
        case worstCase(left: Amount, worth: Amount)
        case expiring(at: UInt64, now: Instant)
        /// Other payees have all seats of the fund.
        case noSeatLeft(seats: UInt16)
        case purse(PayerPurse.Refusal)
        // What the payee says cannot be.
        case overstatedTickets(worth: Amount, most: Amount)
        case overstatedNonce(nonce: UInt64, most: UInt64)
        case understatedTickets(worth: Amount, least: Amount)
        case understated(charged: Amount, least: Amount)
    }
}

extension LotteryPayer.Refusal {
    public var code: String {
        switch self {
        case .exhausted: "payer.exhausted"
        case .leastFace: "payer.least-face"
        case .worstCase: "payer.worst-case"
        case .expiring: "payer.expiring"
        case .noSeatLeft: "payer.no-seat-left"
        case .purse(let refusal): refusal.code
        case .overstatedTickets: "payer.overstated-tickets"
        case .overstatedNonce: "payer.overstated-nonce"
        case .understatedTickets: "payer.understated-tickets"
        case .understated: "payer.understated"
        }
    }

    public var message: String {
        switch self {
        case .exhausted(let price): "A ticket must be worth \(price), and the payee's seat has no more than that left."
        case .leastFace(let least, let most):
            "A ticket must win \(least), and may win no more than \(most) as seldom as the payee allows."
        case .worstCase(let left, let worth):
            "A ticket must be worth \(worth), and the tickets that can still win leave \(left) of the policy's limit."
        case .expiring(let at, let now):
            "A ticket would expire at \(at), it is \(now.unixSeconds) (Unix seconds), and the payee keeps 300 s."
        case .noSeatLeft(let seats): "The fund has \(seats) seats, and other payees have them all."
        case .purse(let refusal): refusal.message
        case .overstatedTickets(let worth, let most):
            "The payee says that it has tickets worth \(worth), and \(most) was sent."
        case .overstatedNonce(let nonce, let most):
            "The payee says that it has ticket \(nonce), and \(most) was the last."
        case .understatedTickets(let worth, let least):
            "The payee says that it has tickets worth \(worth), and it must have \(least) at least."
        case .understated(let charged, let least):
            "The payee says that it charged \(charged) in all, and it has said \(least) before."
        }
    }

    public var remedy: String? {
        switch self {
        case .exhausted, .expiring, .noSeatLeft: "Open another channel."
        case .leastFace: "Pay for a dearer request, or in another way."
        case .worstCase: "Read the contract, wait until tickets expire, or allow more at a time."
        case .purse(let refusal): refusal.remedy
        case .overstatedTickets, .overstatedNonce, .understatedTickets, .understated: "Pay this payee nothing more."
        }
    }
}
