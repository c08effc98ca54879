// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a payer believes that one payee charged, of what it paid ahead.
///
/// It is the other side of a ``Purse``. The payee says what it charged, and is believed up to what the payer agreed to:
/// what both agreed on before, the prices of requests under way, and those of requests that were never answered. Never
/// more than was authorised.
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

    /// The payee served the request, and says what it charged for this one and in all.
    public mutating func served(
        _ id: RequestID, charged charge: Amount, total: Amount, authorised: Amount
    ) throws(Refusal) {
        guard let price = underWay[id] else { throw .unknownRequest }
        guard charge <= price else { throw .overcharged(charge: charge, price: price) }
        try settle(id, at: total, charge: charge, most: most(charged.adding(doubtful), authorised: authorised))
    }

    /// The payee would not serve it, and says what it charged in all.
    public mutating func corrected(_ id: RequestID, total: Amount, authorised: Amount) throws(Refusal) {
        guard let price = underWay[id] else { throw .unknownRequest }
        let known = charged.adding(doubtful)
        try settle(id, at: total, charge: .zero, most: most(known, besides: price, authorised: authorised))
    }

    /// The payee did not serve it, and nothing was charged.
    public mutating func notServed(_ id: RequestID) throws(Refusal) {
        guard underWay.removeValue(forKey: id) != nil else { throw .unknownRequest }
    }

    /// Nobody knows what became of it.
    public mutating func unanswered(_ id: RequestID) throws(Refusal) {
        guard let price = underWay.removeValue(forKey: id) else { throw .unknownRequest }
        doubtful = doubtful.adding(price) ?? .max
    }

    /// The payer's own signature shows that it gave so much in all: the payee may have charged all of it.
    public mutating func recalled(authorised: Amount) {
        doubtful = max(doubtful, authorised.clampedSubtracting(charged))
    }

    /// All that the payee can have charged without lying.
    ///
    /// - Parameter price: Of a request that it did not serve, and so did not charge.
    private func most(_ known: Amount?, besides price: Amount = .zero, authorised: Amount) -> Amount {
        let sum = underWay.values.reduce(known) { sum, price in sum.flatMap { $0.adding(price) } }
        return min((sum ?? .max).clampedSubtracting(price), authorised)
    }

    /// Goes by what the payee says.
    ///
    /// What it charged beyond what is known was in doubt, and is so no longer. The rest stays in doubt, since an answer
    /// may be slow rather than lost.
    private mutating func settle(_ id: RequestID, at total: Amount, charge: Amount, most: Amount) throws(Refusal) {
        guard total <= most else { throw .overstated(charged: total, most: most) }
        underWay[id] = nil
        let surplus = total.clampedSubtracting(charged).clampedSubtracting(charge)
        doubtful = doubtful.clampedSubtracting(surplus)
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
