// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a payer believes that one payee charged, of what it paid ahead.
///
/// It is the other side of a ``Purse``. The payee says what it charged, and is believed up to what the payer agreed to:
/// what both agreed on before, the prices of requests under way, and those of requests that were never answered. One that
/// was sent again because its answer got lost may have been charged when it was sent first. Never more than was
/// authorised.
///
/// Like a scheme it is a value that refuses what it must, and then stays as it was.
public struct PayerPurse: Hashable, Sendable {
    public typealias RequestID = ReservationID

    /// What the payee charged in all, as far as both agree.
    public private(set) var charged: Amount
    /// The prices of requests that were sent and never answered: the payee may have charged them, or not.
    public private(set) var doubtful: Amount
    /// The prices of requests under way.
    public private(set) var underWay: [RequestID: Amount] = [:]
    /// Those under way that were sent more than once, since an answer got lost: each may have been charged before.
    private var repeated: Set<RequestID> = []

    public init(charged: Amount = .zero, doubtful: Amount = .zero) {
        self.charged = charged
        self.doubtful = doubtful
    }

    /// What could still be spent of so much in all.
    public func available(of limit: Amount) -> Amount {
        underWay.values.reduce(limit.clampedSubtracting(charged)) { $0.clampedSubtracting($1) }
    }

    /// A request is to be paid for.
    ///
    /// - Parameter limit: All that can ever be authorised.
    /// - Returns: What must be authorised in all for it.
    public mutating func asked(_ id: RequestID, price: Amount, of limit: Amount = .max) throws(Refusal) -> Amount {
        guard underWay[id] == nil else { throw .unknownRequest }
        guard underWay.count < Purse.maximumRequests else { throw .busy(requests: underWay.count) }
        let needed = underWay.values.reduce(charged.adding(price)) { sum, price in sum.flatMap { $0.adding(price) } }
        guard let needed, needed <= limit else { throw .exhausted(price: price, available: available(of: limit)) }
        underWay[id] = price
        return needed
    }

    /// A request's answer got lost, and the same payment was sent again: it may have been charged the first time.
    ///
    /// A payee that forgot that it answered, after a restart, refuses the repeated payment, and its total includes it.
    public mutating func repeated(_ id: RequestID) throws(Refusal) {
        guard underWay[id] != nil else { throw .unknownRequest }
        repeated.insert(id)
    }

    /// The payee served the request, and says what it charged for this one and in all.
    public mutating func served(
        _ id: RequestID, charged charge: Amount, total: Amount, authorised: Amount
    ) throws(Refusal) {
        guard let price = underWay[id] else { throw .unknownRequest }
        guard charge <= price else { throw .overcharged(charge: charge, price: price) }
        try check(total, most: most(authorised: authorised))
        doubtful = doubtful.clampedSubtracting(surplus(total, besides: charge))
        settle(id, at: total)
    }

    /// The payee would not serve it, and says what it charged in all.
    ///
    /// More than was known before is what it charged for this one when it was sent first, if it was sent more than once.
    public mutating func corrected(_ id: RequestID, total: Amount, authorised: Amount) throws(Refusal) {
        guard let price = underWay[id] else { throw .unknownRequest }
        try check(total, most: most(besides: price, authorised: authorised))
        let surplus = surplus(total)
        if !repeated.contains(id) {
            doubtful = doubtful.clampedSubtracting(surplus)
        } else if surplus.isZero {
            doubtful = doubtful.adding(price) ?? .max
        } else {
            doubtful = doubtful.clampedSubtracting(surplus.clampedSubtracting(price))
        }
        settle(id, at: total)
    }

    /// The payee did not serve it, and nothing was charged.
    public mutating func notServed(_ id: RequestID) throws(Refusal) {
        guard underWay.removeValue(forKey: id) != nil else { throw .unknownRequest }
        repeated.remove(id)
    }

    /// Nobody knows what became of it.
    public mutating func unanswered(_ id: RequestID) throws(Refusal) {
        guard let price = underWay.removeValue(forKey: id) else { throw .unknownRequest }
        repeated.remove(id)
        doubtful = doubtful.adding(price) ?? .max
    }

    /// The payee was asked, and says what it charged in all.
    ///
    /// What it charged of what was in doubt is so no longer. The rest stays, since a copy may still be on its way.
    public mutating func told(total: Amount, authorised: Amount) throws(Refusal) {
        try check(total, most: most(authorised: authorised))
        doubtful = doubtful.clampedSubtracting(surplus(total))
        charged = max(charged, total)
    }

    /// The payer's own signature shows that it gave so much in all: the payee may have charged all of it.
    public mutating func recalled(authorised: Amount) {
        let unknown = authorised.clampedSubtracting(charged)
        doubtful = max(doubtful, chargedBefore.reduce(unknown) { $0.clampedSubtracting($1) })
    }

    /// What may have been charged for requests under way when they were sent first.
    private var chargedBefore: [Amount] { repeated.compactMap { underWay[$0] } }

    /// All that the payee can have charged without lying.
    ///
    /// - Parameter price: Of a request that it did not serve, and so did not charge.
    private func most(besides price: Amount = .zero, authorised: Amount) -> Amount {
        var sum = charged.adding(doubtful) ?? .max
        for price in underWay.values { sum = sum.adding(price) ?? .max }
        for price in chargedBefore { sum = sum.adding(price) ?? .max }
        return min(sum.clampedSubtracting(price), authorised)
    }

    private func check(_ total: Amount, most: Amount) throws(Refusal) {
        guard total <= most else { throw .overstated(charged: total, most: most) }
    }

    /// What it charged beyond what is known and a charge that it told.
    ///
    /// That was in doubt, and is so no longer. The rest stays in doubt, since an answer may be slow rather than lost.
    private func surplus(_ total: Amount, besides charge: Amount = .zero) -> Amount {
        total.clampedSubtracting(charged).clampedSubtracting(charge)
    }

    /// Goes by what the payee says.
    private mutating func settle(_ id: RequestID, at total: Amount) {
        underWay[id] = nil
        repeated.remove(id)
        charged = max(charged, total)
    }
}

// MARK: - Stored form

extension ByteWriter {
    /// Charged and doubtful, 16 bytes each.
    ///
    /// After a crash nobody knows what became of requests under way, so they are in doubt in it.
    public mutating func write(_ purse: PayerPurse) {
        write(purse.charged)
        write(purse.underWay.values.reduce(purse.doubtful) { $0.adding($1) ?? .max })
    }
}

extension ByteReader {
    public mutating func payerPurse() throws(StoredFormError) -> PayerPurse {
        PayerPurse(charged: try amount(), doubtful: try amount())
    }
}
