// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A lot of tickets as its contract keeps it.
///
///     unfunded ──fund──▶ open ──enter, the last / close──▶ drawing ──draw / share──▶ closed
///                        │  ▲ └close, without tickets▶ closed  │  ▲
///                        └enter                                └reveal
///
/// When the lot is full or over, it is settled which block decides: the one after those in which the payer may reveal
/// its secret. Once that block is there, `draw` pays the winner, which its hash and the secret choose together. Where
/// the payer revealed nothing, or nobody draws in time, `share` gives each ticket what it is worth. Payees watch their
/// lots: a payer that holds tickets through others draws only when it wins.
///
/// Whoever speaks last can look first. A payer that could reveal after the block would fill the lot with tickets of
/// its own, stay silent unless one of them wins, and so pay others next to nothing. So it speaks while nobody can know
/// who wins. The last word is that of whoever makes the deciding block, who can try some: do not put more into a lot
/// than a block earns.
///
/// - Source: R. Cleve, "Limits on the security of coin flips when half the processors are faulty" (1986): of two, one
///   can always stop when it does not like what it sees.
public struct LotContract: ContractRules {
    public static let kind = ContractKind.lot

    public enum Phase: Hashable, Sendable {
        case unfunded
        case open
        /// Full or over; the hash of this block decides.
        case drawing(block: UInt64)
        case closed

        /// In a word for people.
        public var name: String {
            switch self {
            case .unfunded: "unfunded"
            case .open: "open"
            case .drawing: "drawing"
            case .closed: "closed"
            }
        }
    }

    public enum Order: Hashable, Sendable {
        /// Put a ticket in. The payer signs it.
        case enter(LotTicket, signature: Signature)
        /// Take no more tickets, since the time for that is over.
        case close
        /// Take note of the payer's secret, before the block that decides is there.
        case reveal(Hash32)
        /// Pay the winner.
        case draw
        /// Give each ticket what it is worth, since the payer revealed nothing or nobody drew in time.
        case share
    }

    public enum Refusal: ExplainedError, Hashable {
        case terms(LotTermsFault)
        case foreignPayer(Address)
        case depositMismatch(deposit: Amount, needed: Amount)
        case alreadyFunded
        case lifetime(seconds: Int64)
        case notOpen(phase: String)
        /// A ticket beyond the lot's last.
        case beyondEnd(index: UInt16, count: UInt16)
        case over(since: UInt64, now: Instant)
        case notOver(until: UInt64, now: Instant)
        /// Another payee has the ticket.
        case taken(index: UInt16)
        /// The payer itself, or an account whose money is nobody's.
        case invalidPayee(Address)
        case ticketSignature
        case notDrawing(phase: String)
        /// The secret is not the one that the payer promised.
        case foreignSecret
        /// The time to reveal, or to draw, has passed.
        case tooLate(since: UInt64, block: UInt64)
        /// The block that decides is not there yet, or somebody may still reveal or draw.
        case tooEarly(until: UInt64, block: UInt64)
        /// The blocks of the time to draw are there, but were made faster than blocks count.
        case drawTimeRuns(until: Instant, now: Instant)
        case notRevealed
        case unknownHash(of: UInt64)
    }

    public let terms: LotTerms
    public internal(set) var phase: Phase = .unfunded
    /// What was entered, in order of the indices.
    public internal(set) var tickets: [LotTicket] = []
    /// What the payer revealed.
    public internal(set) var secret: Hash32?

    public init(_ terms: LotTerms) { self.terms = terms }

    public var phaseName: String { phase.name }

    public var locked: Amount {
        switch phase {
        case .unfunded, .closed: .zero
        case .open, .drawing: terms.deposit ?? .max
        }
    }

    public var awaitedBlock: UInt64? {
        if case .drawing(let block) = phase { block } else { nil }
    }

    public mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if let fault = terms.fault { throw .terms(fault) }
        guard phase == .unfunded else { throw .alreadyFunded }
        guard payer == terms.payer else { throw .foreignPayer(payer) }
        guard let needed = terms.deposit, amount == needed else {
            throw .depositMismatch(deposit: amount, needed: terms.deposit ?? .max)
        }
        let lifetime = context.seconds(until: terms.closesAt)
        guard let seconds = UInt64(exactly: lifetime), LotTerms.lifetimes.contains(seconds) else {
            throw .lifetime(seconds: lifetime)
        }
        phase = .open
        return []
    }

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch order {
        case .enter(let ticket, let signature):
            // A ticket that is in is no fault: orders may arrive twice.
            if tickets.contains(ticket) { return [] }
            try enter(ticket, signature, in: context)
            return []
        case .close: return try close(in: context)
        case .reveal(let secret):
            if self.secret == secret { return [] }
            try reveal(secret, in: context)
            return []
        case .draw: return try draw(in: context)
        case .share: return try share(in: context)
        }
    }
}
