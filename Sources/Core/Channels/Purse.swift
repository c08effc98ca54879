// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a payer has paid ahead to one payee, and what of it was used.
///
/// A payment fills the purse, a request takes out of it. So a request that fails costs nothing although its payment
/// cannot be given back: what it brought pays for the next. The sums are those of a voucher's channel: *authorised* is
/// all that payments brought, *charged* what was taken for what was delivered. Authorised never falls, and neither does
/// charged; what was charged and then not delivered comes back as *credit*, which is taken first.
///
/// Like a scheme it is a value that refuses what it must, and then stays as it was.
public struct Purse: Hashable, Sendable {
    /// All that payments brought.
    public private(set) var authorised: Amount
    /// What was taken for what was delivered.
    public private(set) var charged: Amount
    /// Charged, and then not delivered: pays for the next requests, and is not to be captured.
    public private(set) var credit: Amount
    /// What the last charge added to ``charged``; it is told in the moment of the charge, or never, so nobody stores it.
    public private(set) var lastCharge = Amount.zero
    /// Requests that are being answered, in the order in which they came.
    ///
    /// Lost at a restart, on purpose.
    public private(set) var reservations: [Reservation] = []

    /// What is set aside for one request.
    public struct Reservation: Hashable, Sendable {
        public let id: ReservationID
        /// The most that the request may cost.
        public let price: Amount
        /// When the request counts as abandoned.
        public let until: Instant

        public init(id: ReservationID, price: Amount, until: Instant) {
            self.id = id
            self.price = price
            self.until = until
        }
    }

    public enum Refusal: ExplainedError, Hashable {
        /// Less is there than the request may cost.
        case insufficient(available: Amount, price: Amount)
        /// So many requests are being answered that no other is let in.
        case busy(requests: Int)
        /// The request was given up meanwhile.
        case reservationLost
        /// The request came to more than was set aside for it.
        case chargeExceedsPrice(charge: Amount, price: Amount)
        /// More is said not to have been delivered than was charged.
        case creditExceedsCharged(credit: Amount, charged: Amount)
        case overflow
    }

    /// How many requests may be answered at once out of one purse.
    public static let maximumRequests = 256

    public init(authorised: Amount = .zero, charged: Amount = .zero, credit: Amount = .zero) {
        self.authorised = authorised
        self.charged = charged
        self.credit = credit
    }

    /// What was delivered, and so may be captured.
    public var earned: Amount { charged.clampedSubtracting(credit) }

    /// What a request may take, beside those that are being answered.
    public var available: Amount {
        var rest = authorised.clampedSubtracting(earned)
        for reservation in reservations { rest = rest.clampedSubtracting(reservation.price) }
        return rest
    }

    /// Takes in what a payment brought.
    public mutating func fill(by amount: Amount) throws(Refusal) {
        guard let sum = authorised.adding(amount) else { throw .overflow }
        authorised = sum
    }

    /// Sets something aside for a request.
    ///
    /// Others that are overdue are given up when they are in its way, and only then.
    public mutating func reserve(_ reservation: Reservation, at now: Instant) throws(Refusal) {
        if !isRoom(for: reservation) {
            var next = self
            next.reservations.removeAll { now >= $0.until }
            guard next.isRoom(for: reservation) else {
                guard next.reservations.count < Self.maximumRequests else {
                    throw .busy(requests: next.reservations.count)
                }
                throw .insufficient(available: next.available, price: reservation.price)
            }
            self = next
        }
        reservations.append(reservation)
    }

    private func isRoom(for reservation: Reservation) -> Bool {
        reservations.count < Self.maximumRequests && reservation.price <= available
    }

    /// Takes what a request came to, at most what was set aside for it.
    public mutating func charge(_ price: Amount, for id: ReservationID) throws(Refusal) {
        guard let index = reservations.firstIndex(where: { $0.id == id }) else { throw .reservationLost }
        let reservation = reservations[index]
        guard price <= reservation.price else {
            throw .chargeExceedsPrice(charge: price, price: reservation.price)
        }
        try take(price)
        reservations.remove(at: index)
    }

    /// Takes the price of a request that is answered in the same moment.
    public mutating func charge(_ price: Amount) throws(Refusal) {
        let available = available
        guard price <= available else { throw .insufficient(available: available, price: price) }
        try take(price)
    }

    /// Gives free what was set aside for a request: nothing was delivered.
    public mutating func release(_ id: ReservationID) throws(Refusal) {
        guard let index = reservations.firstIndex(where: { $0.id == id }) else { throw .reservationLost }
        reservations.remove(at: index)
    }

    /// Gives back what was charged for something that then was not delivered.
    public mutating func deliveryFailed(_ amount: Amount) throws(Refusal) {
        guard let sum = credit.adding(amount), sum <= charged else {
            throw .creditExceedsCharged(credit: amount, charged: charged)
        }
        credit = sum
    }

    private mutating func take(_ price: Amount) throws(Refusal) {
        let fromCredit = min(credit, price)
        let added = price.clampedSubtracting(fromCredit)
        guard let sum = charged.adding(added) else { throw .overflow }
        charged = sum
        lastCharge = added
        credit = credit.clampedSubtracting(fromCredit)
    }

    /// Whether both have the same stored form, whatever is in flight.
    public func isStoredLike(_ other: Purse) -> Bool {
        authorised == other.authorised && charged == other.charged && credit == other.credit
    }
}

extension Purse {
    /// Whether both hold the same, with the same requests in flight; what the last charge was does not count.
    public static func == (left: Purse, right: Purse) -> Bool {
        left.isStoredLike(right) && left.reservations == right.reservations
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(authorised)
        hasher.combine(charged)
        hasher.combine(reservations)
    }
}

extension Purse.Refusal {
    public var code: String {
        switch self {
        case .insufficient: "purse.insufficient"
        case .busy: "purse.busy"
        case .reservationLost: "purse.reservation-lost"
        case .chargeExceedsPrice: "purse.charge-exceeds-price"
        case .creditExceedsCharged: "purse.credit-exceeds-charged"
        case .overflow: "purse.overflow"
        }
    }

    public var message: String {
        switch self {
        case .insufficient(let available, let price): "The request may cost \(price), and \(available) is paid ahead."
        case .busy(let requests): "\(requests) requests are being answered on the channel."
        case .reservationLost: "The request took so long that it was given up."
        case .chargeExceedsPrice(let charge, let price): "The request came to \(charge), and its price was \(price)."
        case .creditExceedsCharged(let credit, let charged):
            "\(credit) is to be given back, and \(charged) was charged."
        case .overflow: "The sum is more than 2^128 - 1."
        }
    }

    public var remedy: String? {
        switch self {
        case .insufficient: "Send a payment that brings as much as is missing."
        case .busy: "Wait for an answer, or open another channel."
        default: nil
        }
    }
}

extension FixedByteWriter {
    /// How many bytes a purse takes.
    public static let purseCount = 48

    /// Without what is in flight.
    public mutating func write(_ purse: Purse) {
        write(purse.authorised)
        write(purse.charged)
        write(purse.credit)
    }
}

extension ByteReader {
    /// - Throws: ``StoredFormError/damaged`` for sums that no purse can hold.
    public mutating func purse() throws(StoredFormError) -> Purse {
        let purse = Purse(authorised: try amount(), charged: try amount(), credit: try amount())
        guard purse.earned <= purse.authorised, purse.credit <= purse.charged else { throw .damaged }
        return purse
    }
}
