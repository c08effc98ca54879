// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A channel of lottery tickets as its contract keeps it.
///
///     unfunded ──fund──▶ open ──reclaim──▶ closed
///                        │  ▲
///                        └fund / takeSeat / redeem
///
/// `takeSeat` sets a share of the reserve aside for one payee, `redeem` pays a ticket that has won, and `reclaim`
/// gives the payer what is left when the channel has expired, and nothing before.
public struct LotteryContract: ContractRules {
    public static let kind = ContractKind.lottery

    public enum Phase: UInt8, Hashable, Sendable {
        case unfunded
        case open
        case closed
    }

    public enum Order: Hashable, Sendable {
        /// Set a share of the reserve aside for this payee, and pay it what its authorizer asks for. The payer signs
        /// both.
        case takeSeat(Address, authorizer: Address, signature: Signature)
        /// Pay a ticket that has won. The payer signs it, the payee's secret opens its promise, and the authorizer of
        /// the payee's seat signs that it is to be paid.
        case redeem(LotteryTicket, signature: Signature, secret: Hash32, authorization: Signature)
        /// Give the payer all that is left, since the channel has expired.
        case reclaim
    }

    public enum Refusal: ExplainedError, Hashable {
        case terms(LotteryTermsFault)
        case foreignPayer(Address)
        case depositMismatch(deposit: Amount, needed: Amount)
        case zeroDeposit
        /// More than an amount can hold would be in the channel.
        case overflow(deposit: Amount, locked: Amount)
        case notOpen(phase: String)
        case lifetime(seconds: Int64)
        /// The payer itself, or an account whose money is nobody's.
        case invalidPayee(Address)
        case noSeatLeft(seats: UInt16)
        case seatSignature
        /// The payee has a seat, with another authorizer.
        case seatTaken(authorizer: Address)
        case noSeat(Address)
        case ticket(LotteryTicketFault)
        /// A later ticket of the payee was paid before.
        case staleNonce(nonce: UInt64, redeemed: UInt64)
        case outlivesChannel(ticket: UInt64, channel: UInt64)
        case ticketExpired(since: UInt64, now: Instant)
        case ticketSignature
        /// The secret is not the one that the payee promised.
        case foreignSecret
        /// The authorizer of the payee's seat did not sign that this ticket is to be paid.
        case redemptionSignature
        case notWon(number: UInt64, threshold: UInt64)
        /// The ticket has won, and there is nothing to pay it with. It can win later, when there is.
        case nothingLeft
        case notExpired(until: UInt64, now: Instant)
    }

    public let terms: LotteryTerms
    public internal(set) var phase: Phase = .unfunded
    /// What is left of the deposit and of what was added to it.
    public internal(set) var deposit: Amount = .zero
    /// The payees that have a share of the reserve.
    public internal(set) var seats: [Address: LotterySeat] = [:]

    public init(_ terms: LotteryTerms) { self.terms = terms }

    public var phaseName: String { "\(phase)" }

    public var locked: Amount {
        guard phase == .open else { return .zero }
        return sum ?? .max
    }

    /// The deposit, what is left in the seats, and the part of the reserve that is in no seat.
    ///
    /// All of it was in the channel at once, so it fits unless a stored form was damaged.
    var sum: Amount? {
        guard let seated = terms.share.multiplied(by: UInt128(seats.count)),
            let free = terms.reserve.subtracting(seated)
        else { return nil }
        return seats.values.reduce(deposit.adding(free)) { $0?.adding($1.reserve) }
    }

    public mutating func fund(
        _ amount: Amount, by payer: Address, in context: ContractContext
    ) throws(Refusal) -> [Payout] {
        if let fault = terms.fault { throw .terms(fault) }
        guard payer == terms.payer else { throw .foreignPayer(payer) }
        switch phase {
        case .unfunded:
            guard let needed = terms.opening, amount == needed else {
                throw .depositMismatch(deposit: amount, needed: terms.opening ?? .max)
            }
            let lifetime = context.seconds(until: terms.expiry)
            guard let seconds = UInt64(exactly: lifetime), LotteryTerms.lifetimes.contains(seconds) else {
                throw .lifetime(seconds: lifetime)
            }
            deposit = terms.deposit
            phase = .open
        case .open:
            guard !amount.isZero else { throw .zeroDeposit }
            guard locked.adding(amount) != nil, let more = deposit.adding(amount) else {
                throw .overflow(deposit: amount, locked: locked)
            }
            deposit = more
        case .closed: throw .notOpen(phase: phaseName)
        }
        return []
    }

    public mutating func carryOut(_ order: Order, in context: ContractContext) throws(Refusal) -> [Payout] {
        switch order {
        case .takeSeat(let payee, let authorizer, let signature):
            if let seat = seats[payee] {
                guard seat.authorizer == authorizer else { throw .seatTaken(authorizer: seat.authorizer) }
                return []
            }
            try checkOpen()
            try seat(payee, authorizer, signature, in: context)
            return []
        case .redeem(let ticket, let signature, let secret, let authorization):
            // A ticket that was paid is no fault: orders may arrive twice. No seat has paid one of nonce 0.
            if let seat = seats[ticket.payee], seat.nonce > 0, seat.nonce == ticket.nonce { return [] }
            try checkOpen()
            let seat = try check(ticket, signature, secret: secret, in: context)
            let digest = ticket.redemptionDigest(for: context.channel, in: context.domain)
            guard authorization.isBy(seat.authorizer, over: digest) else { throw .redemptionSignature }
            return [try pay(ticket, in: seat)]
        case .reclaim:
            if phase == .closed { return [] }
            try checkOpen()
            guard context.seconds(until: terms.expiry) <= 0 else {
                throw .notExpired(until: terms.expiry, now: context.block.time)
            }
            return [end()].compactMap(\.self)
        }
    }

    // MARK: - Steps

    private func checkOpen() throws(Refusal) {
        guard phase == .open else { throw .notOpen(phase: phaseName) }
    }

    private mutating func seat(
        _ payee: Address, _ authorizer: Address, _ signature: Signature, in context: ContractContext
    ) throws(Refusal) {
        guard payee != terms.payer, context.canPay(payee, in: terms.token) else { throw .invalidPayee(payee) }
        guard seats.count < Int(terms.seats) else { throw .noSeatLeft(seats: terms.seats) }
        let digest = LotterySeat.digest(
            for: payee, authorizer: authorizer, of: context.channel, in: context.domain)
        guard signature.isBy(terms.payer, over: digest) else { throw .seatSignature }
        seats[payee] = LotterySeat(authorizer: authorizer, reserve: terms.share)
    }

    /// Whether a ticket is to be paid: its payee's seat.
    private func check(
        _ ticket: LotteryTicket, _ signature: Signature, secret: Hash32, in context: ContractContext
    ) throws(Refusal) -> LotterySeat {
        if let fault = ticket.fault { throw .ticket(fault) }
        guard let seat = seats[ticket.payee] else { throw .noSeat(ticket.payee) }
        guard ticket.nonce > seat.nonce else { throw .staleNonce(nonce: ticket.nonce, redeemed: seat.nonce) }
        guard ticket.expiry <= terms.expiry else {
            throw .outlivesChannel(ticket: ticket.expiry, channel: terms.expiry)
        }
        guard context.seconds(until: ticket.expiry) > 0 else {
            throw .ticketExpired(since: ticket.expiry, now: context.block.time)
        }
        let promised = LotteryDraw.commitment(to: secret, by: ticket.payee, in: context.channel)
        guard promised == ticket.commitment else { throw .foreignSecret }
        let digest = ticket.digest(for: context.channel, in: context.domain)
        guard signature.isBy(terms.payer, over: digest) else { throw .ticketSignature }
        guard ticket.wins(signature, secret: secret) else {
            let number = LotteryDraw.number(r: signature.r, s: signature.s, secret: secret)
            throw .notWon(number: number, threshold: ticket.threshold)
        }
        return seat
    }

    /// Pays out of the deposit first, then out of the payee's own share.
    private mutating func pay(_ ticket: LotteryTicket, in seat: LotterySeat) throws(Refusal) -> Payout {
        var seat = seat
        let fromDeposit = min(ticket.faceValue, deposit)
        let fromReserve = min(ticket.faceValue.clampedSubtracting(fromDeposit), seat.reserve)
        guard let payout = fromDeposit.adding(fromReserve), !payout.isZero else { throw .nothingLeft }
        deposit = deposit.clampedSubtracting(fromDeposit)
        seat.reserve = seat.reserve.clampedSubtracting(fromReserve)
        seat.nonce = ticket.nonce
        seat.paid = seat.paid.adding(payout) ?? .max
        seats[ticket.payee] = seat
        return Payout(to: ticket.payee, payout)
    }

    /// Closes the channel: nothing is left in it.
    private mutating func end() -> Payout? {
        let rest = locked
        phase = .closed
        deposit = .zero
        for payee in seats.keys { seats[payee]?.reserve = .zero }
        return rest.isZero ? nil : Payout(to: terms.payer, rest)
    }
}
