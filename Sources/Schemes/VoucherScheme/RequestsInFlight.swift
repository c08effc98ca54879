// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// The requests that are being answered on one channel, in the order in which they came.
///
/// Never empty: a channel without requests is idle.
public struct RequestsInFlight: Hashable, Sendable {
    public private(set) var reservations: [VoucherChannel.Reservation]
    /// The ceilings of requests that ended since the channel was last quiet, ascending.
    private var ended: [Amount] = []

    /// How many ended ceilings are remembered.
    ///
    /// When there are more, the lower half is forgotten, and nothing at or below it counts as new. So a voucher may
    /// come later than 128 others that were signed after it.
    static let maximumEnded = 256

    init(_ reservation: VoucherChannel.Reservation) { reservations = [reservation] }

    /// Whether one of them has the channel to itself.
    var isExact: Bool { reservations.contains { !$0.isAhead } }

    func index(of id: ReservationID) -> Int? { reservations.firstIndex { $0.id == id } }

    func contains(ceiling: Amount) -> Bool { reservations.contains { $0.voucher.ceiling == ceiling } }

    func hasEnded(ceiling: Amount) -> Bool { ended.contains(ceiling) }

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

    /// Takes a request out.
    ///
    /// - Parameter floor: Raised to what is not remembered any more, and to everything that ended once none is left.
    mutating func end(at index: Int, raising floor: inout Amount) {
        let reservation = reservations.remove(at: index)
        // What was signed exactly may be sent again, as x402 wants it, until it was charged.
        let ceiling = reservation.isAhead ? reservation.voucher.ceiling : .zero
        if reservations.isEmpty {
            floor = max(floor, ceiling, ended.last ?? .zero)
        } else if ceiling > floor {
            remember(ceiling, raising: &floor)
        }
    }

    /// Takes out all whose time is up.
    mutating func dropExpired(at now: Instant, raising floor: inout Amount) {
        for index in reservations.indices.reversed() where now >= reservations[index].until {
            end(at: index, raising: &floor)
        }
    }

    private mutating func remember(_ ceiling: Amount, raising floor: inout Amount) {
        // They end nearly in the order in which they were signed, so the place is near the end.
        var place = ended.endIndex
        while place > 0, ended[place - 1] > ceiling { place -= 1 }
        ended.insert(ceiling, at: place)
        guard ended.count > Self.maximumEnded else { return }
        let half = Self.maximumEnded / 2
        floor = max(floor, ended[half - 1])
        ended.removeFirst(half)
    }
}
