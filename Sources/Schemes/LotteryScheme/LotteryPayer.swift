// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A payer's books for one payee, whom it pays with lottery tickets out of a fund for many.
///
/// A ticket is worth what the request needs, on average. What the payee says it charged is believed up to what was
/// asked for. A ticket that was sent can win until it expires, or until the contract has paid it or a later one,
/// whatever the payee says of it. So the most that the payee can take at a time is the faces of those tickets, and they
/// never go above ``Policy/worstCase``.
public struct LotteryPayer: Hashable, Sendable {
    /// What the payer goes along with.
    public struct Policy: Hashable, Sendable {
        /// The most that the tickets which can still win may pay together.
        ///
        /// `.max` is no limit but what is locked: tickets are not remembered then, and ``LotteryPayer/exposure`` is 0.
        public var worstCase: Amount
        /// A ticket wins once in so many times, where the payee and the seat allow it.
        ///
        /// - Range: from 2 on.
        public var odds: UInt32
        /// For how long a ticket can win.
        ///
        /// - Unit: seconds; the payee wants more than 300.
        public var lifetime: Int64

        public init(worstCase: Amount, odds: UInt32 = 100, lifetime: Int64 = 3600) {
            self.worstCase = worstCase
            self.odds = max(2, odds)
            self.lifetime = lifetime
        }
    }

    /// What the payee says of the channel, in a receipt or a correction.
    public struct Statement: Hashable, Sendable {
        public var authorised: Amount
        public var charged: Amount
        public var credit: Amount
        /// What the next ticket must be for.
        public var commitment: Hash32
        /// The nonce of the last ticket that was taken.
        public var nonce: UInt64
        /// What a ticket may win at most.
        public var seat: Amount

        public init(
            authorised: Amount, charged: Amount, credit: Amount, commitment: Hash32, nonce: UInt64, seat: Amount
        ) {
            self.authorised = authorised
            self.charged = charged
            self.credit = credit
            self.commitment = commitment
            self.nonce = nonce
            self.seat = seat
        }
    }

    /// What the payer is asked, or told.
    public enum Event: Hashable, Sendable {
        /// A request is to be paid for; `longest` is how rarely the payee lets a ticket win: once in so many times, and
        /// `leastFace` how much it must win at least.
        case paymentAsked(RequestID, price: Amount, longest: UInt32, leastFace: Amount = .zero, at: Instant)
        /// The same payment was sent again, since its answer got lost: it may have been charged the first time.
        case repeated(RequestID)
        /// The payee served the request, and says what it charged for this one, and how the channel stands.
        case served(RequestID, charged: Amount, Statement)
        /// The payee would not serve it, and says how the channel stands.
        case corrected(RequestID, Statement)
        /// The payee was asked how the channel stands.
        case stateTold(Statement)
        /// The payee did not serve it, and nothing was charged.
        case notServed(RequestID)
        /// Nobody knows what became of it.
        case unanswered(RequestID)
        /// The contract was read.
        case observed(ContractSnapshot<LotteryContract>)
    }

    /// What is to be signed and sent with a request.
    public enum Payment: Hashable, Sendable {
        /// The payee's seat, by its ``LotteryPayer/seatDigest(in:)``: it is not known yet what the payee promises.
        case seat
        case ticket(LotteryTicket)
    }

    public typealias RequestID = ReservationID

    /// A ticket that can still win.
    struct Sent: Hashable {
        let nonce: UInt64
        let faceValue: Amount
        let expiry: UInt64
    }

    /// What was known when a request was asked for: its answer cannot say less.
    private struct Asked: Hashable {
        let told: Statement?
        /// What its ticket is worth; zero without one.
        let worth: Amount
    }

    public let id: ChannelID
    public let terms: LotteryTerms
    public let payee: Address
    /// Whose key redeems tickets for the payee, as its offer says.
    public let authorizer: Address
    public let policy: Policy
    /// What the payee said last; `nil` before it has said anything.
    public internal(set) var told: Statement?
    /// The nonce of the last ticket that was made.
    public internal(set) var nonce: UInt64 = 0
    /// What all tickets that were made are worth, on average: what the payee can expect to win.
    public internal(set) var spent = Amount.zero
    /// What the tickets that can still win would pay together.
    public internal(set) var exposure = Amount.zero
    public internal(set) var purse = PayerPurse()
    var sent: [Sent] = []
    private var asked: [RequestID: Asked] = [:]
    var readIn: Block?

    /// - Parameters:
    ///   - payee: The offer's receiver.
    ///   - authorizer: The offer's `receiverAuthorizer`.
    public init(id: ChannelID, terms: LotteryTerms, payee: Address, authorizer: Address, policy: Policy) {
        self.id = id
        self.terms = terms
        self.payee = payee
        self.authorizer = authorizer
        self.policy = policy
    }

    /// What tickets are worth that were made, and that the payee does not say that it has: they can win all the same.
    public var untold: Amount { spent.clampedSubtracting(told?.authorised ?? .zero) }

    /// What the payee charged in all, as far as both agree.
    public var charged: Amount { purse.charged }

    /// What is signed for the payee's seat.
    public func seatDigest(in domain: ContractDomain) -> Hash32 {
        LotterySeat.digest(for: payee, authorizer: authorizer, of: id, in: domain)
    }

    /// Goes on from where the payee says it is, as these books may be older than what it has.
    ///
    /// Whatever was sent before, no ticket is worth more than its request, so a lie gets the payee nothing.
    mutating func catchUp(with statement: Statement, charged: Amount) {
        guard statement.authorised <= terms.opening ?? .zero else { return }
        spent = max(spent, statement.authorised)
        nonce = max(nonce, statement.nonce)
        purse.recalled(authorised: min(charged, spent))
    }

    /// - Returns: What to sign and send, for a payment that was asked for; `nil` for everything else.
    public mutating func apply(_ event: Event) throws(Refusal) -> Payment? {
        var next = self
        let payment = try next.take(in: event)
        self = next
        return payment
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> Payment? {
        let spent = spent
        switch event {
        case .paymentAsked(let id, let price, let longest, let leastFace, let now):
            return try pay(price, for: id, longest: longest, leastFace: leastFace, at: now)
        case .repeated(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.repeated(id) }
        case .served(let id, let charge, let statement):
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.served(id, charged: charge, total: statement.charged, authorised: spent)
            }
            try believe(statement, answering: id, isServed: true)
        case .corrected(let id, let statement):
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.corrected(id, total: statement.charged, authorised: spent)
            }
            try believe(statement, answering: id, isServed: false)
        case .stateTold(let statement):
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.told(total: statement.charged, authorised: spent)
            }
            try believe(statement)
        case .notServed(let id):
            asked[id] = nil
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.notServed(id) }
        case .unanswered(let id):
            asked[id] = nil
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.unanswered(id) }
        case .observed(let snapshot): observe(snapshot)
        }
        return nil
    }

    private mutating func onPurse<Value>(
        _ body: (inout PayerPurse) throws(PayerPurse.Refusal) -> Value
    ) throws(Refusal) -> Value {
        do throws(PayerPurse.Refusal) { return try body(&purse) } catch { throw .purse(error) }
    }

    // MARK: - Believing

    /// Goes by what the payee says, but for what an answer says that was overtaken by another.
    ///
    /// Its sums never fall, and whoever served a request has the ticket that came with it. A payee that took tickets
    /// and did not own up to them would be sent one of full worth for each request, and charge nothing for it.
    private mutating func believe(
        _ statement: Statement, answering id: RequestID? = nil, isServed: Bool = false
    ) throws(Refusal) {
        guard statement.authorised <= spent else {
            throw .overstatedTickets(worth: statement.authorised, most: spent)
        }
        guard statement.nonce <= nonce else { throw .overstatedNonce(nonce: statement.nonce, most: nonce) }
        let before = id.flatMap { asked.removeValue(forKey: $0) } ?? Asked(told: told, worth: .zero)
        let least = (before.told?.authorised ?? .zero).adding(isServed ? before.worth : .zero) ?? .max
        guard statement.authorised >= least else {
            throw .understatedTickets(worth: statement.authorised, least: least)
        }
        let charged = before.told?.charged ?? .zero
        guard statement.charged >= charged else { throw .understated(charged: statement.charged, least: charged) }
        if statement.nonce >= told?.nonce ?? 0 || purse.underWay.isEmpty { told = statement }
    }

    /// Forgets the tickets that can win no more, as the contract has it.
    private mutating func observe(_ snapshot: ContractSnapshot<LotteryContract>) {
        guard snapshot.block.height >= readIn?.height ?? 0 else { return }
        readIn = snapshot.block
        let paid = snapshot.state.seats[payee]?.nonce ?? 0
        forget { $0.nonce <= paid || snapshot.state.phase == .closed }
        forgetExpired(at: snapshot.block.time)
    }

    private mutating func forgetExpired(at now: Instant) {
        forget { Int64(clamping: $0.expiry) <= now.unixSeconds }
    }

    private mutating func forget(_ isOver: (Sent) -> Bool) {
        for ticket in sent where isOver(ticket) { exposure = exposure.clampedSubtracting(ticket.faceValue) }
        sent.removeAll(where: isOver)
    }

    // MARK: - Paying

    private mutating func pay(
        _ price: Amount, for id: RequestID, longest: UInt32, leastFace: Amount, at now: Instant
    ) throws(Refusal) -> Payment {
        let worth = max(worth(of: price), try worth(ofFace: leastFace, longest: longest, price: price))
        try onPurse { (purse) throws(PayerPurse.Refusal) in _ = try purse.asked(id, price: price) }
        guard let told else {
            asked[id] = Asked(told: nil, worth: .zero)
            return .seat
        }
        forgetExpired(at: now)
        let ticket = try ticket(worth: worth, told, longest: longest, leastFace: leastFace, at: now)
        guard let spent = spent.adding(ticket.expectedValue), let exposure = exposure.adding(ticket.faceValue) else {
            throw .exhausted(price: price)
        }
        nonce = ticket.nonce
        self.spent = spent
        asked[id] = Asked(told: told, worth: ticket.expectedValue)
        // Without a limit nobody asks what can still win, so nothing need be remembered of it.
        if policy.worstCase < .max {
            self.exposure = exposure
            sent.append(Sent(nonce: ticket.nonce, faceValue: ticket.faceValue, expiry: ticket.expiry))
        }
        return .ticket(ticket)
    }

    /// What a ticket must be worth: what is paid ahead pays as well, unless another request may take it.
    ///
    /// At least one unit, since the ticket shows who asks.
    private func worth(of price: Amount) -> Amount {
        let one = Amount(units: 1)
        guard purse.underWay.isEmpty, let told else { return max(price, one) }
        let ahead = told.authorised.clampedSubtracting(told.charged.clampedSubtracting(told.credit))
        return max(price.clampedSubtracting(ahead), one)
    }

    /// The least that a ticket is worth which wins so much, at the longest odds: what is above the need is paid ahead.
    ///
    /// Never more than the price, or a payee could ask for any sum with every request.
    private func worth(ofFace least: Amount, longest: UInt32, price: Amount) throws(Refusal) -> Amount {
        let odds = UInt128(max(longest, 1))
        let (share, rest) = least.units.quotientAndRemainder(dividingBy: odds)
        let worth = Amount(units: share + (rest == 0 ? 0 : 1))
        guard worth <= price else { throw .leastFace(least, most: price.multiplied(by: odds) ?? .max) }
        return worth
    }

    private func ticket(
        worth: Amount, _ told: Statement, longest: UInt32, leastFace: Amount, at now: Instant
    ) throws(Refusal) -> LotteryTicket {
        let expiry = min(terms.expiry, UInt64(clamping: now.advanced(bySeconds: policy.lifetime).unixSeconds))
        let validity = Instant(unixSeconds: Int64(clamping: expiry)).seconds(since: now)
        guard validity > LotteryChannel.safetyMargin else { throw .expiring(at: expiry, now: now) }
        let left = policy.worstCase.clampedSubtracting(exposure)
        guard left > worth else { throw .worstCase(left: left, worth: worth) }
        let room = min(told.seat, terms.share)
        let wished = max(worth.multiplied(by: UInt128(min(policy.odds, longest))) ?? .max, leastFace)
        let face = min(wished, room, left)
        guard face >= leastFace else { throw .exhausted(price: worth) }
        guard nonce < .max, let threshold = LotteryDraw.threshold(for: worth, of: face) else {
            throw .exhausted(price: worth)
        }
        return LotteryTicket(
            payee: payee, commitment: told.commitment, nonce: nonce + 1, faceValue: face, threshold: threshold,
            expiry: expiry)
    }
}
