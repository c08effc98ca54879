// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingPrimitives

// Reserve, commit or release: what happens to a request from its payment to its end.
extension VoucherChannel {
    /// The requests that are being answered, in the order in which they came.
    public var requests: [Reservation] { if case .serving(let requests) = phase { requests.reservations } else { [] } }

    /// Sets a voucher aside for a request, or says why not.
    ///
    /// What is in its way and has run out is dropped; what is not in its way is left to be answered late.
    mutating func letIn(_ reservation: Reservation, at now: Instant) throws(Refusal) -> [Effect] {
        switch phase {
        case .depositing, .refunding: throw .busy
        case .idle:
            if let ahead = reservation.ahead {
                try check(reservation, ahead, beside: nil)
                see(reservation)
            } else {
                try check(reservation)
            }
            phase = .serving(RequestsInFlight(reservation))
        case .serving(let requests):
            if let ahead = reservation.ahead {
                try letIn(reservation, ahead, beside: requests, at: now)
            } else {
                try check(reservation)
                guard requests.reservations.allSatisfy({ now >= $0.until }) else { throw .busy }
                phase = .serving(RequestsInFlight(reservation))
            }
        }
        return []
    }

    private mutating func letIn(
        _ reservation: Reservation, _ ahead: SigningAhead, beside requests: RequestsInFlight, at now: Instant
    ) throws(Refusal) {
        var requests = requests
        do throws(Refusal) {
            try check(reservation, ahead, beside: requests)
            // From here on there is one owner, so that a busy channel is not copied for each request.
            phase = .idle
            requests.append(reservation)
            phase = .serving(requests)
        } catch {
            guard requests.removeExpired(at: now) else { throw error }
            let rest = requests.reservations.isEmpty ? nil : requests
            try check(reservation, ahead, beside: rest)
            phase = .serving(rest.map { $0.appending(reservation) } ?? RequestsInFlight(reservation))
        }
        see(reservation)
    }

    /// From now on its voucher pays for nothing else.
    private mutating func see(_ reservation: Reservation) {
        seen.remember(reservation.voucher.ceiling, over: floor)
    }

    /// What a voucher that was signed ahead must say.
    ///
    /// Vouchers of one payer come in any order, so it is the highest of all that were seen that must cover what is in
    /// flight. Each pays for one request: it must be new, although nothing but its ceiling tells it from others.
    private func check(
        _ reservation: Reservation, _ ahead: SigningAhead, beside requests: RequestsInFlight?
    ) throws(Refusal) {
        let ceiling = reservation.voucher.ceiling
        if let requests, requests.contains(ceiling: ceiling) { throw .busy }
        let highest = max(ceiling, best?.ceiling ?? .zero, requests?.highest?.ceiling ?? .zero)
        let due = (requests?.price ?? .zero).adding(reservation.price).flatMap { charged.adding($0) }
        let top = charged.adding(ahead.window) ?? .max
        // One that is so much lower than the charge was given up long ago.
        let isStale = ceiling.adding(ahead.reachBack).map { $0 < charged } ?? false
        guard let due, due <= highest, ceiling > floor, !seen.contains(ceiling), ceiling <= top, !isStale else {
            throw .aheadMismatch(signed: ceiling, charged: charged, due: due ?? .max, floor: floor, top: top)
        }
        try checkLedger(reaching: max(ceiling, due), with: nil)
        guard let requests else { return }
        guard requests.reservations.count < ahead.maximum, !requests.isExact else { throw .busy }
    }

    /// Charges what a request came to, under the highest ceiling that was signed for it and those beside it.
    mutating func serve(_ id: ReservationID, for price: Amount, at now: Instant) throws(Refusal) -> [Effect] {
        guard case .serving(let requests) = phase, let index = requests.index(of: id) else { throw .reservationLost }
        let reservation = requests.reservations[index]
        guard price <= reservation.price else {
            throw .chargeExceedsCeiling(charge: price, ceiling: reservation.price)
        }
        if let deposit = reservation.deposit {
            phase = .depositing(reservation, price: price)
            return [.submitDeposit(deposit, for: id)]
        }
        var voucher = reservation.voucher
        if reservation.isAhead {
            if let highest = requests.highest { voucher = highest }
            if let best, best.ceiling > voucher.ceiling { voucher = best }
        }
        try charge(price, on: voucher, isAhead: reservation.isAhead, at: now)
        end(requests, at: index)
        return earnedIsAtRisk ? [.claim] : []
    }

    /// Lets a request in and charges it.
    mutating func take(_ reservation: Reservation, for price: Amount, at now: Instant) throws(Refusal) -> [Effect] {
        guard case .idle = phase, reservation.deposit == nil, !reservation.isAhead else {
            var next = self
            _ = try next.letIn(reservation, at: now)
            let effects = try next.serve(reservation.id, for: price, at: now)
            self = next
            return effects
        }
        // Nobody else is in its way, so that nothing need be set aside.
        try check(reservation)
        guard price <= reservation.price else {
            throw .chargeExceedsCeiling(charge: price, ceiling: reservation.price)
        }
        try charge(price, on: reservation.voucher, at: now)
        return earnedIsAtRisk ? [.claim] : []
    }

    /// Whether a request could be let in now, on a channel that nobody works on.
    public func admits(_ reservation: Reservation, at now: Instant) -> Bool {
        guard case .idle = phase, !reservation.isAhead else {
            var next = self
            return (try? next.letIn(reservation, at: now)) != nil
        }
        return (try? check(reservation)) != nil
    }

    /// Gives free what was set aside for a request.
    mutating func release(_ id: ReservationID) throws(Refusal) -> [Effect] {
        guard case .serving(let requests) = phase, let index = requests.index(of: id) else { throw .reservationLost }
        end(requests, at: index)
        return []
    }

    private mutating func end(_ requests: consuming RequestsInFlight, at index: Int) {
        phase = .idle
        requests.remove(at: index)
        if !requests.reservations.isEmpty { phase = .serving(requests) }
    }
}
