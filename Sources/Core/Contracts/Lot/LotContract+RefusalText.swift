// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension LotContract.Refusal {
    public var code: String { "lottery-lot.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .depositMismatch: "deposit-mismatch"
        case .alreadyFunded: "already-funded"
        case .lifetime: "lifetime"
        case .notOpen: "not-open"
        case .beyondEnd: "beyond-end"
        case .over: "over"
        case .notOver: "not-over"
        case .taken: "taken"
        case .invalidPayee: "invalid-payee"
        case .ticketSignature: "ticket-signature"
        case .notDrawing: "not-drawing"
        case .foreignSecret: "foreign-secret"
        case .tooLate: "too-late"
        case .tooEarly: "too-early"
        case .drawTimeRuns: "draw-time-runs"
        case .notRevealed: "not-revealed"
        case .unknownHash: "unknown-hash"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not the lot's payer."
        case .depositMismatch(let deposit, let needed):
            "The deposit is \(deposit), and the tickets are worth \(needed)."
        case .alreadyFunded: "The lot was funded before."
        case .lifetime(let seconds):
            "The lot would be over in \(seconds) s, which is outside 900–31622400 s."
        case .notOpen(let phase): "The lot is \(phase)."
        case .beyondEnd(let index, let count): "Ticket \(index) is beyond the lot's \(count) tickets."
        case .over(let since, let now):
            "Tickets were taken until \(since), and it is \(now.unixSeconds) (Unix seconds)."
        case .notOver(let until, let now):
            "Tickets are taken until \(until), and it is \(now.unixSeconds) (Unix seconds)."
        case .taken(let index): "Another payee has ticket \(index)."
        case .invalidPayee(let payee): "\(payee) cannot be a payee of this lot."
        case .ticketSignature: "The lot's payer did not sign the ticket."
        case .notDrawing(let phase): "The lot is \(phase), and there is nothing to draw."
        case .foreignSecret: "The secret is not the one that the payer promised."
        case .tooLate(let since, let block): "The time for it ended with block \(since), and this is block \(block)."
        case .tooEarly(let until, let block): "The time for it begins with block \(until), and this is block \(block)."
        case .drawTimeRuns(let until, let now):
            "The lot may be drawn until \(until.unixSeconds), and it is \(now.unixSeconds) (Unix seconds)."
        case .notRevealed: "The payer did not reveal its secret."
        case .unknownHash(let block): "The hash of block \(block) is not known here."
        }
    }

    public var remedy: String? {
        switch self {
        case .alreadyFunded: "Open another lot, with another salt and another secret."
        case .taken: "Ask the payer for another ticket."
        case .notOver, .tooEarly, .drawTimeRuns: "Wait until then."
        case .notRevealed: "Share the lot out when the time to reveal has passed."
        default: nil
        }
    }
}
