// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

extension LotPayee {
    /// Why a ticket is not taken, or something is not believed; the books are then as they were before.
    public enum Refusal: ExplainedError, Hashable {
        // The lot.
        case terms(LotTermsFault)
        /// Its payer is the payee.
        case ownLot
        /// The ticket, or what was read, is of another lot.
        case foreignLot
        case foreignToken(Address)
        case tooManyTickets(count: UInt16, most: UInt16)
        case tooMuchValue(Amount, most: Amount)
        case shortReveal(blocks: UInt64, least: UInt64)
        case tooLong(seconds: Int64, longest: Int64)
        // The ticket.
        case tooLittle(worth: Amount, price: Amount)
        case ticketSignature
        case foreignPayee(Address)
        case beyondEnd(index: UInt16, count: UInt16)
        /// We have it: it pays for one thing only.
        case takenBefore(index: UInt16)
        /// Another payee has it.
        case taken(index: UInt16)
        // The time.
        case notFunded
        case notOpen(phase: String)
        case ending(at: UInt64, now: Instant, margin: Int64)
        // The end.
        case notOver(phase: String)
        case unknownPayout(Amount, shares: Amount, prize: Amount)
    }
}

extension LotPayee.Refusal {
    public var code: String { "lot-payee.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .ownLot: "own-lot"
        case .foreignLot: "foreign-lot"
        case .foreignToken: "foreign-token"
        case .tooManyTickets: "too-many-tickets"
        case .tooMuchValue: "too-much-value"
        case .shortReveal: "short-reveal"
        case .tooLong: "too-long"
        case .tooLittle: "too-little"
        case .ticketSignature: "ticket-signature"
        case .foreignPayee: "foreign-payee"
        case .beyondEnd: "beyond-end"
        case .takenBefore: "taken-before"
        case .taken: "taken"
        case .notFunded: "not-funded"
        case .notOpen: "not-open"
        case .ending: "ending"
        case .notOver: "not-over"
        case .unknownPayout: "unknown-payout"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .ownLot: "The lot's payer is the payee itself."
        case .foreignLot: "It is of another lot."
        case .foreignToken(let token): "The lot is in the token \(token)."
        case .tooManyTickets(let count, let most): "The lot has \(count) tickets; \(most) is the most."
        case .tooMuchValue(let value, let most): "The lot is worth \(value); \(most) is the most."
        case .shortReveal(let blocks, let least):
            "The payer has \(blocks) blocks to reveal its secret; \(least) is the least."
        case .tooLong(let seconds, let longest):
            "Tickets can be entered for another \(seconds) s; \(longest) s is the most."
        case .tooLittle(let worth, let price): "The ticket is worth \(worth), and the price is \(price)."
        case .ticketSignature: "The lot's payer did not sign the ticket."
        case .foreignPayee(let payee): "The ticket is for \(payee)."
        case .beyondEnd(let index, let count): "Ticket \(index) is beyond the lot's \(count) tickets."
        case .takenBefore(let index): "Ticket \(index) was taken before."
        case .taken(let index): "Another payee has ticket \(index)."
        case .notFunded: "Nothing was deposited in the lot."
        case .notOpen(let phase): "The lot is \(phase)."
        case .ending(let at, let now, let margin):
            """
            Tickets are taken until \(at), it is \(now.unixSeconds) (Unix seconds), and \(margin) s are kept to enter \
            one.
            """
        case .notOver(let phase): "The lot is \(phase), and has paid nobody yet."
        case .unknownPayout(let amount, let shares, let prize):
            "The lot is said to have paid \(amount); the shares are \(shares), and the winner gets \(prize)."
        }
    }

    public var remedy: String? {
        switch self {
        case .foreignToken, .tooManyTickets, .tooMuchValue, .shortReveal, .tooLong, .notOpen, .ending:
            "Pay with a ticket of another lot."
        case .tooLittle: "Pay with a ticket that is worth the price."
        case .ticketSignature, .foreignPayee, .takenBefore, .taken: "Pay with another ticket."
        case .notFunded: "Make the deposit first."
        case .notOver: "Read the contract when the lot has ended."
        case .terms, .ownLot, .foreignLot, .beyondEnd, .unknownPayout: nil
        }
    }
}
