// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A payee's books of a lot: the tickets that it was offered, and what became of them.
///
///     take ──▶ offered ──enter, observe──▶ entered ──close / draw / share, observe──▶ won, lost, shared
///                 └─────observe, another payee has it, or the lot is drawn──▶ worthless
///
/// A ticket is worth nothing before it is entered: its payer can sign the same index for somebody else. So it is to be
/// entered at once, and it counts as ``earned`` when the contract was read and has it. Store the books before the ticket
/// is answered for.
///
/// It neither signs nor sends, and reads no clock. A refusal leaves it as it was.
public struct LotPayee: Hashable, Sendable {
    /// What becomes of a ticket.
    public enum Fate: UInt8, Hashable, Sendable {
        /// It is to be entered.
        case offered
        /// The contract has it, for us.
        case entered
        /// Another payee has its index, or the lot takes no more tickets.
        case worthless
    }

    /// A ticket that was taken.
    public struct Held: Hashable, Sendable {
        public let index: UInt16
        /// The payer's; `nil` for a ticket that older books took, and of which the contract told.
        public let signature: Signature?
        public internal(set) var fate: Fate
    }

    /// How the lot ended for us.
    public enum Outcome: Hashable, Sendable {
        case won(Amount)
        case lost
        /// Each ticket was paid what it is worth: together so much.
        case shared(Amount)
    }

    public let id: ChannelID
    public let terms: LotTerms
    /// Whom the tickets pay: us.
    public let payee: Address
    /// The tickets that were taken, in the order of their indices.
    public internal(set) var held: [Held] = []
    /// The contract as it was read last; `nil` before that.
    public internal(set) var stand: LotStand?
    /// What the lot paid us in all; `nil` before anybody has told.
    public internal(set) var paid: Amount?

    public init(_ terms: LotTerms, payee: Address, in domain: ContractDomain) throws(Refusal) {
        if let fault = terms.fault { throw .terms(fault) }
        guard payee != terms.payer else { throw .ownLot }
        self.init(id: terms.channelID(in: domain), terms: terms, payee: payee)
    }

    init(id: ChannelID, terms: LotTerms, payee: Address) {
        self.id = id
        self.terms = terms
        self.payee = payee
    }

    // MARK: - Sums

    /// What our tickets in the contract are worth, on average: what is paid if the lot is shared out.
    public var earned: Amount { worth(of: count(of: .entered)) }

    /// What the tickets are worth that are still to be entered.
    public var pending: Amount { worth(of: count(of: .offered)) }

    /// What the winner gets, if nothing more is entered.
    public var prize: Amount { worth(of: Int(stand?.entered ?? 0)) }

    /// How the lot ended; `nil` before it has, without a ticket of ours, and before it is known.
    ///
    /// A lot whose secret was revealed says nothing of who won: what it paid us does. See ``paidOut(_:)``.
    public var outcome: Outcome? {
        guard let stand, stand.phase == .closed, !earned.isZero else { return nil }
        guard stand.isRevealed else { return .shared(earned) }
        if earned == prize { return .won(prize) }
        guard let paid else { return nil }
        return paid == prize ? .won(paid) : paid.isZero ? .lost : .shared(paid)
    }

    func count(of fate: Fate) -> Int { held.count { $0.fate == fate } }

    private func worth(of count: Int) -> Amount { terms.ticketValue.multiplied(by: UInt128(count)) ?? .max }

    // MARK: - Steps

    /// The contract was read.
    ///
    /// Tickets of ours in it that these books did not take show that the books are old, and are taken in: whoever
    /// sends one again pays for nothing with it.
    public mutating func observe(_ snapshot: ContractSnapshot<LotContract>) throws(Refusal) {
        guard snapshot.state.terms == terms else { throw .foreignLot }
        guard snapshot.block.height >= stand?.block.height ?? 0 else { return }
        let stand = LotStand(snapshot)
        self.stand = stand
        // A chain may have taken the end back.
        if stand.phase != .closed { paid = nil }
        let isOpen = stand.phase == .open || stand.phase == .unfunded
        let owners = Dictionary(snapshot.state.tickets.map { ($0.index, $0.payee) }) { first, _ in first }
        for place in held.indices {
            if let owner = owners[held[place].index] {
                held[place].fate = owner == payee ? .entered : .worthless
            } else {
                held[place].fate = isOpen && held[place].signature != nil ? .offered : .worthless
            }
        }
        let known = Set(held.map(\.index))
        for (index, owner) in owners where owner == payee && !known.contains(index) {
            insert(Held(index: index, signature: nil, fate: .entered))
        }
    }

    /// Takes a ticket for something of a price, as the contract stands.
    ///
    /// - Parameter snapshot: Read now, or a moment ago.
    /// - Returns: The order that enters it, to be handed in at once when the books are stored.
    public mutating func take(
        _ payment: LotPayment, for price: Amount, under policy: Policy, in snapshot: ContractSnapshot<LotContract>,
        at now: Instant
    ) throws(Refusal) -> LotContract.Order {
        var next = self
        try next.observe(snapshot)
        try next.check(payment, price: price, policy)
        try next.check(payment.ticket, policy, in: snapshot, at: now)
        next.insert(Held(index: payment.ticket.index, signature: payment.signature, fate: .offered))
        self = next
        return .enter(payment.ticket, signature: payment.signature)
    }

    /// Somebody looked what the lot paid us when it ended, in all: in the receipt of our own order, or in the log of
    /// whoever ended it.
    public mutating func paidOut(_ amount: Amount) throws(Refusal) {
        guard let stand, stand.phase == .closed else { throw .notOver(phase: stand?.phase.name ?? "not known yet") }
        guard isPossible(amount) else { throw .unknownPayout(amount, shares: earned, prize: prize) }
        paid = amount
    }

    /// Whether the lot can have paid us so much.
    func isPossible(_ amount: Amount) -> Bool {
        amount == earned || stand?.isRevealed == true && !earned.isZero && (amount.isZero || amount == prize)
    }

    /// What to hand in to the contract now, as it was read last.
    ///
    /// All of it may be handed in twice, and what is refused stands in nobody's way. A lot is drawn as soon as it can
    /// be, whoever wins, since nobody can say before; it is shared out when the payer kept its secret, or the time to
    /// draw is over. On a chain a large lot is shared out in parts, and counts as closed with the first: until
    /// ``paidOut(_:)`` is told what we were paid, the order is repeated, and does nothing where nothing is left to pay.
    ///
    /// - Parameter now: The newest block, and what time it is.
    public func orders(at now: Block) -> [LotContract.Order] {
        guard let stand else { return [] }
        let hasMoney = count(of: .entered) > 0
        switch stand.phase {
        case .unfunded: return []
        case .open:
            guard stand.seconds(until: terms.closesAt, at: now.time) > 0 else { break }
            return held.compactMap { ticket in
                guard ticket.fate == .offered, let signature = ticket.signature else { return nil }
                return .enter(LotTicket(index: ticket.index, payee: payee), signature: signature)
            }
        case .drawing: break
        case .closed: return hasMoney && paid == nil ? [.share] : []
        }
        return hasMoney ? stand.ending(of: terms, at: now) : []
    }

    private mutating func insert(_ ticket: Held) {
        held.insert(ticket, at: held.firstIndex { $0.index > ticket.index } ?? held.endIndex)
    }
}
