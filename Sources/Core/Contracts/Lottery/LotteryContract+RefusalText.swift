// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension LotteryContract.Refusal {
    public var code: String { "lottery.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .depositMismatch: "deposit-mismatch"
        case .zeroDeposit: "zero-deposit"
        case .overflow: "overflow"
        case .notOpen: "not-open"
        case .lifetime: "lifetime"
        case .invalidPayee: "invalid-payee"
        case .noSeatLeft: "no-seat-left"
        case .seatSignature: "seat-signature"
        case .seatTaken: "seat-taken"
        case .noSeat: "no-seat"
        case .ticket: "ticket"
        case .staleNonce: "stale-nonce"
        case .outlivesChannel: "outlives-channel"
        case .ticketExpired: "ticket-expired"
        case .ticketSignature: "ticket-signature"
        case .foreignSecret: "foreign-secret"
        case .redemptionSignature: "redemption-signature"
        case .notWon: "not-won"
        case .nothingLeft: "nothing-left"
        case .notExpired: "not-expired"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not the channel's payer."
        case .depositMismatch(let deposit, let needed):
            "The first deposit is \(deposit), and the terms say \(needed)."
        case .zeroDeposit: "Nothing would be added to the deposit."
        case .overflow(let deposit, let locked):
            "With \(deposit) on top of \(locked) more than 2^128 - 1 would be locked."
        case .notOpen(let phase): "The channel is \(phase)."
        case .lifetime(let seconds):
            "The channel would expire in \(seconds) s, which is outside 900–31622400 s."
        case .invalidPayee(let payee): "\(payee) cannot be a payee of this channel."
        case .noSeatLeft(let seats): "All \(seats) seats are taken."
        case .seatSignature: "The channel's payer did not sign the seat."
        case .seatTaken(let authorizer): "The payee has a seat, for which \(authorizer) signs."
        case .noSeat(let payee): "\(payee) has no seat in the channel."
        case .ticket(let fault): fault.message
        case .staleNonce(let nonce, let redeemed):
            "The ticket's nonce is \(nonce), and the payee was paid for \(redeemed)."
        case .outlivesChannel(let ticket, let channel):
            "The ticket expires at \(ticket), after the channel at \(channel) (Unix seconds)."
        case .ticketExpired(let since, let now):
            "The ticket expired at \(since), and it is \(now.unixSeconds) (Unix seconds)."
        case .ticketSignature: "The channel's payer did not sign the ticket."
        case .foreignSecret: "The secret is not the one that the payee promised."
        case .redemptionSignature: "The authorizer of the payee's seat did not sign that the ticket is to be paid."
        case .notWon(let number, let threshold): "The ticket draws \(number), which is not below \(threshold)."
        case .nothingLeft: "Nothing is left in the deposit and in the payee's seat."
        case .notExpired(let until, let now):
            "The channel expires at \(until), and it is \(now.unixSeconds) (Unix seconds)."
        }
    }

    public var remedy: String? {
        switch self {
        case .noSeatLeft: "Open another channel, with more seats."
        case .noSeat: "Hand in the seat that the payer signed first."
        case .redemptionSignature: "Have the payee sign for this very ticket."
        case .staleNonce: "Redeem tickets in the order of their nonces."
        case .nothingLeft: "Keep the ticket, and ask the payer to add to the deposit before it expires."
        case .notExpired: "Wait until then."
        default: nil
        }
    }
}
