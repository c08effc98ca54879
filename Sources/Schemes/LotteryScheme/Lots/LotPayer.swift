// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A payer's books of a lot: its secret, and whose each ticket is.
///
///     deposit ──observe──▶ give, sign, send ──observe──▶ reveal ──observe──▶ the rest comes back
///
/// Each index is given out once, to one payee. Store the books before the ticket is signed: a ticket that was signed
/// and forgotten would be given to another payee as well, and one of the two would have nothing. One that was stored
/// and never arrived may be signed again for the same payee; see ``tickets``.
///
/// It neither signs nor sends, and reads no clock. A refusal leaves it as it was.
public struct LotPayer: Hashable, Sendable {
    public let id: ChannelID
    public let terms: LotTerms
    /// What goes into the promise of the secret; kept because the books can be checked by it.
    let tag: Hash32
    let secret: Hash32
    /// Whose each ticket is, in the order of their indices; zero for one that older books may have given to somebody.
    public internal(set) var payees: [Address] = []
    /// The contract as it was read last; `nil` before that.
    public internal(set) var stand: LotStand?

    /// For how many blocks a secret that is handed in may wait to be carried out, and still be in time.
    ///
    /// Later it is not handed in: that would cost a transaction and change nothing, since the tickets are shared out.
    ///
    /// - Unit: blocks.
    public static let revealMargin: UInt64 = 3

    /// - Parameters:
    ///   - terms: Those that promise the secret; see `LotTerms.promising(_:in:)`.
    ///   - secret: Random, used for this lot alone, and known to nobody else before it is revealed.
    public init(_ terms: LotTerms, secret: Hash32, in domain: ContractDomain) throws(Refusal) {
        if let fault = terms.fault { throw .terms(fault) }
        let tag = terms.tag(in: domain)
        guard LotTerms.commitment(to: secret, tag: tag) == terms.commitment else { throw .foreignSecret }
        self.init(id: terms.channelID(in: domain), terms: terms, tag: tag, secret: secret)
    }

    init(id: ChannelID, terms: LotTerms, tag: Hash32, secret: Hash32) {
        self.id = id
        self.terms = terms
        self.tag = tag
        self.secret = secret
    }

    /// The tickets that were given out, but for those of which nobody knows whose they are.
    ///
    /// Any of them may be signed and sent again, to the same payee.
    public var tickets: [LotTicket] {
        payees.enumerated().filter { $0.element != .zero }
            .map { LotTicket(index: UInt16(clamping: $0.offset), payee: $0.element) }
    }

    /// How many tickets can still be given out.
    public var left: Int { max(0, Int(terms.ticketCount) - payees.count) }

    /// What comes back when the lot ends, if nothing more is entered.
    public var rest: Amount {
        let count = terms.ticketCount - min(terms.ticketCount, stand?.entered ?? 0)
        return terms.ticketValue.multiplied(by: UInt128(count)) ?? .max
    }

    // MARK: - Steps

    /// Gives a payee the next ticket, which is to be signed and sent when the books are stored.
    public mutating func give(to payee: Address, at now: Instant) throws(Refusal) -> LotTicket {
        guard let stand, stand.phase == .open else { throw .notOpen(phase: stand?.phase.name ?? "not known yet") }
        guard stand.seconds(until: terms.closesAt, at: now) > LotteryChannel.safetyMargin else {
            throw .ending(at: terms.closesAt, now: now)
        }
        guard payee != terms.payer, payee != .zero, payee != terms.token else { throw .invalidPayee(payee) }
        guard let index = UInt16(exactly: payees.count), index < terms.ticketCount else {
            throw .allGivenOut(count: terms.ticketCount)
        }
        payees.append(payee)
        return LotTicket(index: index, payee: payee)
    }

    /// The contract was read.
    ///
    /// Tickets in it that these books did not give out show that the books are old: none up to the last of them is
    /// given out again.
    public mutating func observe(_ snapshot: ContractSnapshot<LotContract>) throws(Refusal) {
        guard snapshot.state.terms == terms else { throw .foreignLot }
        guard snapshot.block.height >= stand?.block.height ?? 0 else { return }
        stand = LotStand(snapshot)
        guard let last = snapshot.state.tickets.last else { return }
        let missing = Int(last.index) + 1 - payees.count
        if missing > 0 { payees += Array(repeating: Address.zero, count: missing) }
        for ticket in snapshot.state.tickets where payees[Int(ticket.index)] == .zero {
            payees[Int(ticket.index)] = ticket.payee
        }
    }

    /// What to hand in to the contract now, as it was read last.
    ///
    /// All of it may be handed in twice, and what is refused stands in nobody's way. Where all tickets were entered
    /// nothing comes back, and it is for the payees to have the lot drawn or shared out.
    ///
    /// - Parameter now: The newest block, and what time it is.
    public func orders(at now: Block) -> [LotContract.Order] {
        guard let stand else { return [] }
        if case .drawing(let deciding) = stand.phase, !stand.isRevealed {
            let (first, overflow) = stand.next(after: now).addingReportingOverflow(Self.revealMargin)
            if !overflow, first < deciding { return [.reveal(secret)] }
        }
        if case .drawing = stand.phase, rest.isZero { return [] }
        return stand.ending(of: terms, at: now)
    }
}

extension LotTerms {
    /// The same terms with the promise of this secret, to open a lot with.
    public func promising(_ secret: Hash32, in domain: ContractDomain) -> LotTerms {
        var terms = self
        terms.commitment = Self.commitment(to: secret, tag: tag(in: domain))
        return terms
    }
}

extension LotPayer: CustomStringConvertible, CustomReflectable {
    /// Tells nothing of the secret, as whoever prints the books would not want it in a log.
    public var description: String { "Lot \(id), \(payees.count) of \(terms.ticketCount) tickets given out" }

    public var customMirror: Mirror { Mirror(self, children: ["id": id, "payees": payees.count]) }
}
