// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// What a payer knows of one payee of a Merkle-token channel.
///
/// It counts tokens and never sees them: those of the payee are numbered from 0 in the order in which they are spent.
public struct MerkleTokenAccount: Hashable, Sendable {
    /// Where the payee's tokens begin in the tree.
    public let start: UInt32
    public let count: UInt32
    /// What each is worth.
    public let amount: Amount
    /// How many tokens were shown to the payee.
    public private(set) var shown: UInt32 = 0
    /// How many of the first ones the payee says that it has: they need not be shown again.
    public private(set) var taken: UInt32 = 0
    /// What the payee charged in all, as far as both agree.
    public private(set) var charged = Amount.zero
    /// The prices of requests that were sent and never answered: the payee may have charged them, or not.
    public private(set) var doubtful = Amount.zero
    /// The prices of requests under way.
    public private(set) var underWay: [ReservationID: Amount] = [:]

    init(start: UInt32, count: UInt32, amount: Amount) {
        self.start = start
        self.count = count
        self.amount = amount
    }

    /// What all tokens of the payee are worth.
    public var funds: Amount { amount.multiplied(by: UInt128(count)) ?? .max }

    /// What the payee could take.
    public var authorised: Amount { amount.multiplied(by: UInt128(shown)) ?? .max }

    /// What could still be spent.
    public var available: Amount {
        var rest = funds.clampedSubtracting(charged)
        for price in underWay.values { rest = rest.clampedSubtracting(price) }
        return rest
    }

    /// - Returns: The indices of the tokens to show, for a payment that was asked for; none for everything else.
    mutating func apply(_ event: MerkleTokenPayer.Event) throws(MerkleTokenPayer.Refusal) -> Range<UInt32> {
        switch event {
        case .paymentAsked(let id, let price, let most):
            return try pay(price, for: id, most: most)
        case .served(let id, let charge, let total, let floor):
            guard let price = underWay[id] else { throw .unknownRequest }
            guard charge <= price else { throw .overcharged(charge: charge, price: price) }
            let taken = try checked(floor)
            let most = mostCharged()
            guard total <= most else { throw .overstated(charged: total, most: most) }
            underWay[id] = nil
            self.taken = max(self.taken, taken)
            settle(at: total, charge: charge)
        case .corrected(let id, let total, let floor):
            guard underWay[id] != nil else { throw .unknownRequest }
            let taken = try checked(floor)
            let most = mostCharged(besides: id)
            guard total <= most else { throw .overstated(charged: total, most: most) }
            underWay[id] = nil
            self.taken = max(self.taken, taken)
            settle(at: total, charge: .zero)
        case .notServed(let id):
            guard underWay.removeValue(forKey: id) != nil else { throw .unknownRequest }
        case .unanswered(let id):
            guard let price = underWay.removeValue(forKey: id) else { throw .unknownRequest }
            doubtful = doubtful.adding(price) ?? .max
        }
        return 0..<0
    }

    /// How many tokens the payee has by its own account, which cannot be more than were shown to it.
    private func checked(_ floor: UInt32) throws(MerkleTokenPayer.Refusal) -> UInt32 {
        guard floor <= start + shown else { throw .overstatedTokens(floor: floor, most: start + shown) }
        return floor < start ? 0 : floor - start
    }

    /// All that the payee can have charged without lying.
    ///
    /// - Parameter id: A request that it did not serve, and so did not charge.
    private func mostCharged(besides id: ReservationID? = nil) -> Amount {
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

    /// Shows what is missing for all that was charged and is under way, and what may have got lost before it.
    ///
    /// When nothing is missing one token is shown again, since a payment shows who pays.
    private mutating func pay(
        _ price: Amount, for id: ReservationID, most: UInt32
    ) throws(MerkleTokenPayer.Refusal) -> Range<UInt32> {
        guard underWay[id] == nil else { throw .unknownRequest }
        guard underWay.count < Purse.maximumRequests else { throw .busy(requests: underWay.count) }
        var needed = charged.adding(price)
        for price in underWay.values { needed = needed.flatMap { $0.adding(price) } }
        guard let needed, needed <= funds else { throw .exhausted(price: price, available: available) }
        let whole = UInt32(clamping: needed.units / amount.units)
        let end = max(needed.units % amount.units == 0 ? whole : whole + 1, 1)
        let first = min(taken, end - 1)
        let longest = min(most, UInt32(MerkleTokenPayment.tokenCounts.upperBound))
        guard end - first <= longest else { throw .tooManyTokens(end - first, most: longest) }
        shown = max(shown, end)
        underWay[id] = price
        return start + first..<start + end
    }
}
