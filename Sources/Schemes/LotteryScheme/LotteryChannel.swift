// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A lottery channel as one of its payees sees it: each ticket brings what it is worth on average, and one that wins is
/// redeemed at once.
///
///     open ──paymentArrived / served / released / observed──▶ open ──observed──▶ closed
///
/// What is captured follows from luck, so it may be more than was charged, or less. What holds always is that the
/// expected value of the tickets is what was authorised, and charged ≤ authorised; with many tickets what is captured
/// comes as near to the expected value as chance allows. A payer cannot do better, nor worse, by choosing its tickets.
///
/// - Source: R. Rivest, "Electronic Lottery Tickets as Micropayments" (1997); `Specs/lottery.md` lists every rule.
public struct LotteryChannel: PrepaidScheme {
    public typealias Rules = LotteryContract
    public typealias Payment = LotteryPayment
    public typealias Event = PrepaidEvent<LotteryPayment, LotteryContract>

    public static let schemeName = ContractKind.lottery.rawValue

    public enum Phase: UInt8, Hashable, Sendable {
        case open
        /// The payer has taken back what was left.
        case closed
    }

    public enum Effect: Hashable, Sendable {
        /// Have the contract pay this ticket, by leave of our authorizer.
        ///
        /// The next one follows when it is paid: the contract pays them in order. It is done, or can never be done, as
        /// soon as the ticket is no more the channel's ``redemption``.
        case redeem(LotteryWinner)
    }

    public let id: ChannelID
    public let terms: LotteryTerms
    /// Whom the tickets pay: us.
    public let payee: Address
    public private(set) var phase: Phase
    /// Which of our secrets the next ticket is drawn with: the nonce of the ticket that won last, 0 before the first.
    ///
    /// It follows what the contract has paid, so that a secret that was told there is never promised again, even by
    /// books that are new.
    public private(set) var epoch: UInt64
    /// The nonce of the last ticket that was taken.
    public private(set) var nonce: UInt64
    /// The payer's key, known from the first ticket on.
    public private(set) var signer: PublicKey?
    public private(set) var purse: Purse
    /// Our seat as the contract had it when it was last read; `nil` while we have none.
    public private(set) var seat: LotterySeat?
    /// How many payees can still get a seat.
    public private(set) var freeSeats: UInt16
    /// Tickets that have won and were not seen to be paid, in the order of their nonces.
    public private(set) var unredeemed: [LotteryWinner]
    public private(set) var readIn: Block
    public private(set) var lastPaidAt: Instant?
    /// What was promised for the ticket that was taken last, which is mostly what is promised for the next.
    ///
    /// Lost at a restart, and no loss.
    private(set) var lastPromise: LotteryPromise?

    public init(
        id: ChannelID, ledger: ContractSnapshot<LotteryContract>, in domain: ContractDomain, payee: Address
    ) {
        let seat = ledger.state.seats[payee]
        self.init(
            id: id, terms: ledger.state.terms, payee: payee, phase: ledger.state.phase == .open ? .open : .closed,
            epoch: seat?.nonce ?? 0, nonce: seat?.nonce ?? 0, signer: nil, purse: Purse(), seat: seat,
            freeSeats: Self.freeSeats(ledger.state), unredeemed: [], readIn: ledger.block, lastPaidAt: nil)
    }

    init(
        id: ChannelID, terms: LotteryTerms, payee: Address, phase: Phase, epoch: UInt64, nonce: UInt64,
        signer: PublicKey?, purse: Purse, seat: LotterySeat?, freeSeats: UInt16, unredeemed: [LotteryWinner],
        readIn: Block, lastPaidAt: Instant?
    ) {
        self.id = id
        self.terms = terms
        self.payee = payee
        self.phase = phase
        self.epoch = epoch
        self.nonce = nonce
        self.signer = signer
        self.purse = purse
        self.seat = seat
        self.freeSeats = freeSeats
        self.unredeemed = unredeemed
        self.readIn = readIn
        self.lastPaidAt = lastPaidAt
    }

    /// From when on the next winner, or any ticket, pays nothing.
    public var expiry: Instant? {
        let next = unredeemed.map(\.ticket.expiry).min() ?? terms.expiry
        return Instant(unixSeconds: Int64(clamping: min(next, terms.expiry)))
    }

    /// What is left of our share of the reserve; `nil` while we have no seat.
    public var reserve: Amount? { seat?.reserve }

    /// What the contract has paid for our tickets, as it says itself.
    ///
    /// So it is right however often an order is carried out or told, and in books that are new.
    public var captured: Amount { seat?.paid ?? .zero }

    /// The faces of the tickets that have won.
    public var unclaimed: Amount {
        unredeemed.reduce(.zero) { $0.adding($1.ticket.faceValue) ?? .max }
    }

    /// What a ticket may pay if it wins: all of it can be paid out of our seat, whatever other payees win.
    ///
    /// The deposit does not count, since a friend of the payer can empty it.
    public var room: Amount { (reserve ?? .zero).clampedSubtracting(unclaimed) }

    /// The ticket that the contract must pay next.
    public var redemption: LotteryWinner? { unredeemed.first }

    /// For how long before its expiry no ticket is taken: it must still be redeemed in time.
    ///
    /// As much again is kept for each winner that waits.
    ///
    /// - Unit: seconds.
    public static let safetyMargin: Int64 = 300
    /// How many winners may wait at once before no ticket is taken.
    public static let maximumUnredeemed = 64

    public mutating func apply(_ event: Event) throws(Refusal) -> [Effect] {
        var next = self
        let effects = try next.take(in: event)
        self = next
        return effects
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> [Effect] {
        switch event {
        case .observed(let snapshot): return observe(snapshot)
        case .paymentArrived(let payment, _, let now), .paid(let payment, _, let now):
            let effects = try accept(payment, at: now)
            try follow(event)
            return effects
        case .served, .released, .deliveryFailed: try follow(event)
        // The contract itself tells what it paid.
        case .captured: break
        case .closeAsked: throw .noClose(until: terms.expiry)
        }
        return []
    }

    // MARK: - Rules

    /// Takes in a ticket, what it is worth, and what it has won.
    ///
    /// Whether it has won is looked at last, when it is taken for good.
    private mutating func accept(_ payment: LotteryPayment?, at now: Instant) throws(Refusal) -> [Effect] {
        guard phase == .open else { throw .notOpen(phase: "\(phase)") }
        guard leavesMargin(terms.expiry, at: now) else { throw .expiring(at: terms.expiry, now: now) }
        guard let payment else { return [] }
        let ticket = payment.ticket
        guard payment.epoch == epoch else { throw .commitment }
        guard ticket.nonce > nonce else { throw .staleNonce(nonce: ticket.nonce, last: nonce) }
        guard leavesMargin(ticket.expiry, at: now) else { throw .ticketExpiring(at: ticket.expiry, now: now) }
        guard seat != nil else { throw .noSeat(payee) }
        guard unredeemed.count < Self.maximumUnredeemed else { throw .winnersWait(count: unredeemed.count) }
        guard ticket.faceValue <= room else { throw .faceValue(ticket.faceValue, room: room) }
        try fill(by: ticket.expectedValue)
        nonce = ticket.nonce
        signer = payment.signer
        lastPromise = payment.promise
        guard let winner = payment.winner else { return [] }
        epoch = ticket.nonce
        unredeemed.append(winner)
        return unredeemed.count == 1 ? [.redeem(winner)] : []
    }

    /// Whether there is time to redeem a ticket once all winners before it were redeemed, each in a transaction of its
    /// own.
    private func leavesMargin(_ expiry: UInt64, at now: Instant) -> Bool {
        Instant(unixSeconds: Int64(clamping: expiry)).seconds(since: now)
            > Self.safetyMargin * Int64(unredeemed.count + 1)
    }

    private mutating func follow(_ event: Event) throws(Refusal) {
        do throws(Purse.Refusal) { lastPaidAt = try purse.follow(event) ?? lastPaidAt } catch { throw .purse(error) }
    }

    private mutating func fill(by amount: Amount) throws(Refusal) {
        do throws(Purse.Refusal) { try purse.fill(by: amount) } catch { throw .purse(error) }
    }

    /// Takes in what the contract says, unless something newer is known.
    ///
    /// A winner that the contract has paid, or will not pay any more, makes way for the next.
    private mutating func observe(_ snapshot: ContractSnapshot<LotteryContract>) -> [Effect] {
        guard snapshot.block.height >= readIn.height else { return [] }
        let (state, last) = (snapshot.state, unredeemed.first)
        readIn = snapshot.block
        freeSeats = Self.freeSeats(state)
        if state.phase == .closed { phase = .closed }
        if let seat = state.seats[payee] {
            self.seat = seat
            nonce = max(nonce, seat.nonce)
            epoch = max(epoch, seat.nonce)
            unredeemed.removeAll { $0.ticket.nonce <= seat.nonce }
        }
        unredeemed.removeAll {
            phase == .closed || Int64(clamping: $0.ticket.expiry) <= snapshot.block.time.unixSeconds
        }
        guard let next = unredeemed.first, next != last else { return [] }
        return [.redeem(next)]
    }

    private static func freeSeats(_ state: LotteryContract) -> UInt16 {
        state.phase == .open ? UInt16(clamping: Int(state.terms.seats) - state.seats.count) : 0
    }
}

extension LotteryChannel {
    /// What is promised for the next ticket.
    func promise(of secrets: PayeeSecrets) -> LotteryPromise {
        if let lastPromise, lastPromise.holds(secrets, epoch: epoch) { return lastPromise }
        return LotteryPromise(secrets, epoch: epoch, of: id, by: payee)
    }

    /// Whether both hold the same, with the same requests in flight; what only spares hashes does not count.
    public static func == (left: LotteryChannel, right: LotteryChannel) -> Bool {
        left.isStoredLike(right) && left.purse == right.purse
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(id)
        hasher.combine(purse)
        hasher.combine(nonce)
    }
}
