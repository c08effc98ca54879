// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// The requests that are being answered on one channel, in the order in which they came.
///
/// Never empty: a channel without requests is idle.
public struct RequestsInFlight: Hashable, Sendable {
    public private(set) var reservations: [VoucherChannel.Reservation]

    init(_ reservation: VoucherChannel.Reservation) { reservations = [reservation] }

    /// Whether one of them has the channel to itself.
    var isExact: Bool { reservations.contains { !$0.isAhead } }

    func index(of id: ReservationID) -> Int? { reservations.firstIndex { $0.id == id } }

    func contains(ceiling: Amount) -> Bool { reservations.contains { $0.voucher.ceiling == ceiling } }

    /// What all of them may cost together; `nil` when that is more than an amount can hold.
    var price: Amount? {
        var sum = Amount.zero
        for reservation in reservations {
            guard let next = sum.adding(reservation.price) else { return nil }
            sum = next
        }
        return sum
    }

    /// The voucher that goes highest.
    var highest: Voucher? {
        var highest = 0
        for index in reservations.indices
        where reservations[index].voucher.ceiling > reservations[highest].voucher.ceiling { highest = index }
        return reservations.indices.contains(highest) ? reservations[highest].voucher : nil
    }

    func appending(_ reservation: VoucherChannel.Reservation) -> RequestsInFlight {
        var copy = self
        copy.append(reservation)
        return copy
    }

    mutating func append(_ reservation: VoucherChannel.Reservation) { reservations.append(reservation) }

    mutating func remove(at index: Int) { reservations.remove(at: index) }

    /// Takes out all whose time is up.
    ///
    /// - Returns: Whether there were any.
    mutating func removeExpired(at now: Instant) -> Bool {
        let count = reservations.count
        reservations.removeAll { now >= $0.until }
        return reservations.count < count
    }
}
