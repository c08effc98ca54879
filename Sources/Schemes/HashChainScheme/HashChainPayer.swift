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
        /// The payee served the request, and says what it charged in all and for this one.
        case served(RequestID, charged: Amount, total: Amount)
        /// The payee would not serve it, and says how far it is.
        case corrected(RequestID, charged: Amount, revealed: UInt32)
        /// The payee did not serve it, and nothing was charged.
        case notServed(RequestID)
        /// Nobody knows what became of it.
        case unanswered(RequestID)
    }

    public typealias RequestID = ReservationID

    public let id: ChannelID
    public let terms: HashChainTerms
    public private(set) var traversal: HashChainTraversal
    /// What the payee charged in all, as far as both agree.
    public private(set) var charged = Amount.zero
    /// The prices of requests that were sent and never answered: the payee may have charged them, or not.
    public private(set) var doubtful = Amount.zero
    /// The prices of requests under way.
    public private(set) var underWay: [RequestID: Amount] = [:]

    /// - Parameter traversal: Of the chain that the terms have the anchor of; nothing of it revealed yet.
    public init(id: ChannelID, terms: HashChainTerms, traversal: HashChainTraversal) {
        self.id = id
        self.terms = terms
        self.traversal = traversal
    }

    init(
        id: ChannelID, terms: HashChainTerms, traversal: HashChainTraversal, charged: Amount, doubtful: Amount
    ) {
        self.init(id: id, terms: terms, traversal: traversal)
        self.charged = charged
        self.doubtful = doubtful
    }

    /// The step that was revealed last.
    public var revealed: HashChainStep { traversal.current }

    /// What the payee could take.
    public var authorised: Amount { terms.stepAmount.multiplied(by: UInt128(revealed.index)) ?? .max }

    /// What comes back if nothing more is paid: all that was not charged.
    public var refundable: Amount { (terms.deposit ?? .zero).clampedSubtracting(charged) }

    /// What could still be spent.
    public var available: Amount {
        var rest = (terms.deposit ?? .zero).clampedSubtracting(charged)
        for price in underWay.values { rest = rest.clampedSubtracting(price) }
        return rest
    }

    /// - Returns: The step to send, for a payment that was asked for; `nil` for everything else.
    public mutating func apply(_ event: Event) throws(Refusal) -> HashChainStep? {
        switch event {
        case .paymentAsked(let id, let price, let longest):
            return try pay(price, for: id, longest: longest)
        case .served(let id, let charge, let total):
            guard let price = underWay[id] else { throw .unknownRequest }
            guard charge <= price else { throw .overcharged(charge: charge, price: price) }
            let most = mostCharged()
            guard total <= most else { throw .overstated(charged: total, most: most) }
            underWay[id] = nil
            settle(at: total, charge: charge)
            return nil
        case .corrected(let id, let total, let revealed):
            guard underWay[id] != nil else { throw .unknownRequest }
            guard revealed <= self.revealed.index else {
                throw .overstatedSteps(revealed: revealed, most: self.revealed.index)
            }
            let most = mostCharged(besides: id)
            guard total <= most else { throw .overstated(charged: total, most: most) }
            underWay[id] = nil
            settle(at: total, charge: .zero)
            return nil
        case .notServed(let id):
            guard underWay.removeValue(forKey: id) != nil else { throw .unknownRequest }
            return nil
        case .unanswered(let id):
            guard let price = underWay.removeValue(forKey: id) else { throw .unknownRequest }
            doubtful = doubtful.adding(price) ?? .max
            return nil
        }
    }

    /// All that the payee can have charged without lying.
    ///
    /// - Parameter id: A request that it did not serve, and so did not charge.
    private func mostCharged(besides id: RequestID? = nil) -> Amount {
        var sum = charged.adding(doubtful) ?? .max
        for (request, price) in underWay where request != id { sum = sum.adding(price) ?? .max }
        return min(sum, authorised)
    }

    /// Goes by what the payee says.
    ///
    /// What it charged beyond what is known was in doubt, and is so no longer. The rest stays in doubt, since an answer
    /// may be slow rather than lost.
    ///
    /// - Parameter charge: What it says that it charged for the request itself.
    private mutating func settle(at total: Amount, charge: Amount) {
        let surplus = total.clampedSubtracting(charged).clampedSubtracting(charge)
        doubtful = doubtful.clampedSubtracting(surplus)
        charged = max(charged, total)
    }

    private mutating func pay(_ price: Amount, for id: RequestID, longest: UInt32) throws(Refusal) -> HashChainStep {
        guard underWay[id] == nil else { throw .unknownRequest }
        guard underWay.count < Purse.maximumRequests else { throw .busy(requests: underWay.count) }
        var needed = charged.adding(price)
        for price in underWay.values { needed = needed.flatMap { $0.adding(price) } }
        guard let needed, needed <= terms.deposit ?? .zero else {
            throw .exhausted(price: price, available: available)
        }
        let index = UInt32(clamping: (needed.units + terms.stepAmount.units - 1) / terms.stepAmount.units)
        let steps = index > revealed.index ? index - revealed.index : 0
        guard steps <= longest else { throw .strideTooLong(steps: steps, longest: longest) }
        var traversal = traversal
        guard let step = traversal.advance(by: steps) else {
            throw .exhausted(price: price, available: available)
        }
        self.traversal = traversal
        underWay[id] = price
        return step
    }
}
