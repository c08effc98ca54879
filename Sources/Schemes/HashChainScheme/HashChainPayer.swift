// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingContracts
public import FarthingPrimitives

/// A hash-chain channel as the payer sees it: it reveals as little as the next request needs.
///
/// What is revealed is the payee's to take; what the payee says it charged is believed up to what was asked for. So the
/// most that a payer can lose is what it revealed and was not served for, which is never more than the prices of the
/// requests that are under way, rounded up to a step.
///
/// It holds the chain, so it is a secret.
public struct HashChainPayer: Hashable, Sendable {
    /// What the payer is asked, or told.
    public enum Event: Hashable, Sendable {
        /// A request is to be paid for; `longest` is how many steps the payee takes at once.
        case paymentAsked(RequestID, price: Amount, longest: UInt32)
        /// The same payment was sent again, since its answer got lost: it may have been charged the first time.
        case repeated(RequestID)
        /// The payee served the request, and says what it charged in all and for this one.
        case served(RequestID, charged: Amount, total: Amount)
        /// The payee would not serve it, and says how far it is.
        case corrected(RequestID, charged: Amount, revealed: UInt32)
        /// The payee was asked, and says how far it is.
        case stateTold(charged: Amount, revealed: UInt32)
        /// The payee did not serve it, and nothing was charged.
        case notServed(RequestID)
        /// Nobody knows what became of it.
        case unanswered(RequestID)
        /// The payee is to give back what is left.
        case closeAsked
    }

    public typealias RequestID = ReservationID

    public let id: ChannelID
    public let terms: HashChainTerms
    public private(set) var traversal: HashChainTraversal
    public private(set) var purse: PayerPurse

    /// - Parameter traversal: Of the chain that the terms have the anchor of; nothing of it revealed yet.
    public init(id: ChannelID, terms: HashChainTerms, traversal: HashChainTraversal) {
        self.init(id: id, terms: terms, traversal: traversal, purse: PayerPurse())
    }

    init(id: ChannelID, terms: HashChainTerms, traversal: HashChainTraversal, purse: PayerPurse) {
        self.id = id
        self.terms = terms
        self.traversal = traversal
        self.purse = purse
    }

    /// What the payee charged in all, as far as both agree.
    public var charged: Amount { purse.charged }

    /// The step that was revealed last.
    public var revealed: HashChainStep { traversal.current }

    /// What the payee could take.
    public var authorised: Amount { terms.stepAmount.multiplied(by: UInt128(revealed.index)) ?? .max }

    /// What comes back if nothing more is paid: all that was not charged.
    public var refundable: Amount { deposit.clampedSubtracting(charged) }

    /// What could still be spent.
    public var available: Amount { purse.available(of: deposit) }

    private var deposit: Amount { terms.deposit ?? .zero }

    /// How much earlier than other channels this one is of no use any more for a request at this price: for so long the
    /// payee may need to redeem what would be revealed then.
    ///
    /// The payee's word for what it has redeemed shows nothing, so this reckons with none.
    ///
    /// - Unit: seconds.
    public func redemptionTime(paying price: Amount) -> Int64 {
        let needed = deposit.clampedSubtracting(available).adding(price) ?? .max
        return HashChainChannel.redemptionTime(ofSteps: max(index(reaching: needed), revealed.index))
    }

    /// The first step that is worth so much.
    private func index(reaching amount: Amount) -> UInt32 {
        let (steps, rest) = amount.units.quotientAndRemainder(dividingBy: max(terms.stepAmount.units, 1))
        return UInt32(clamping: steps + (rest == 0 ? 0 : 1))
    }

    /// Goes on from where the payee says it is, as these books may be older than what it has.
    ///
    /// It shows nothing of it, and a step gives away all before it: this believes the payee up to the whole chain.
    public mutating func catchUp(charged: Amount, revealed index: UInt32) {
        if index > revealed.index { _ = traversal.advance(by: index - revealed.index) }
        purse.recalled(authorised: min(charged, authorised))
    }

    /// - Returns: The step to send, for a payment or a close that was asked for; `nil` for everything else.
    public mutating func apply(_ event: Event) throws(Refusal) -> HashChainStep? {
        var next = self
        let step = try next.take(in: event)
        self = next
        return step
    }

    /// May leave half of the change behind when it throws.
    private mutating func take(in event: Event) throws(Refusal) -> HashChainStep? {
        let (authorised, deposit) = (authorised, deposit)
        switch event {
        case .paymentAsked(let id, let price, let longest):
            let needed = try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.asked(id, price: price, of: deposit)
            }
            return try advance(to: needed, longest: longest)
        case .repeated(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.repeated(id) }
        case .served(let id, let charge, let total):
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.served(id, charged: charge, total: total, authorised: authorised)
            }
        case .corrected(let id, let total, let revealed):
            guard revealed <= self.revealed.index else {
                throw .overstatedSteps(revealed: revealed, most: self.revealed.index)
            }
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.corrected(id, total: total, authorised: authorised)
            }
        case .stateTold(let total, let revealed):
            guard revealed <= self.revealed.index else {
                throw .overstatedSteps(revealed: revealed, most: self.revealed.index)
            }
            try onPurse { (purse) throws(PayerPurse.Refusal) in
                try purse.told(total: total, authorised: authorised)
            }
        case .notServed(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.notServed(id) }
        case .unanswered(let id):
            try onPurse { (purse) throws(PayerPurse.Refusal) in try purse.unanswered(id) }
        case .closeAsked: return unredeemed()
        }
        return nil
    }

    /// A step that only the payer and the payee can know: everybody knows those that were redeemed.
    ///
    /// The next one is revealed where all may have been redeemed. What the payee signs to close says for how many it is
    /// paid, so it costs nothing.
    private mutating func unredeemed() -> HashChainStep {
        let charged = purse.charged.adding(purse.doubtful) ?? .max
        guard revealed.index <= charged.units / max(terms.stepAmount.units, 1) else { return revealed }
        return traversal.advance(by: 1) ?? revealed
    }

    private mutating func onPurse<Value>(
        _ body: (inout PayerPurse) throws(PayerPurse.Refusal) -> Value
    ) throws(Refusal) -> Value {
        do throws(PayerPurse.Refusal) { return try body(&purse) } catch { throw .purse(error) }
    }

    private mutating func advance(to needed: Amount, longest: UInt32) throws(Refusal) -> HashChainStep {
        let index = index(reaching: needed)
        let steps = index > revealed.index ? index - revealed.index : 0
        guard steps <= longest else { throw .strideTooLong(steps: steps, longest: longest) }
        guard let step = traversal.advance(by: steps) else { throw .purse(.exhausted(price: needed, available: .zero)) }
        return step
    }
}
