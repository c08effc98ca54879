// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@Suite("A purse")
struct PurseTests {
    private let noon = Instant(unixSeconds: 1_800_000_000)

    private func units(_ amount: UInt128) -> Amount { Amount(units: amount) }

    private func request(_ number: UInt64, _ price: UInt128, seconds: Int64 = 60) -> Purse.Reservation {
        Purse.Reservation(
            id: ReservationID(number), price: units(price), until: noon.advanced(bySeconds: seconds))
    }

    @Test func `pays for a request out of what came before`() throws {
        var purse = Purse()
        try purse.fill(by: units(10))
        try purse.reserve(request(1, 6), at: noon)
        #expect(purse.available == units(4))
        try purse.charge(units(5), for: ReservationID(1))
        #expect(purse.charged == units(5))
        #expect(purse.available == units(5), "what was not needed is there for the next")
        #expect(purse.lastCharge == units(5))
    }

    @Test func `keeps what a failed request brought`() throws {
        var purse = Purse()
        try purse.fill(by: units(6))
        try purse.reserve(request(1, 6), at: noon)
        try purse.release(ReservationID(1))
        #expect(purse.available == units(6))
        #expect(purse.charged == .zero)
    }

    @Test func `takes credit first, and never lets it be captured`() throws {
        var purse = Purse()
        try purse.fill(by: units(10))
        try purse.charge(units(8))
        try purse.deliveryFailed(units(3))
        #expect(purse.earned == units(5))
        #expect(purse.available == units(5))
        try purse.charge(units(4))
        #expect(purse.lastCharge == units(1))
        #expect(purse.charged == units(9))
        #expect(purse.earned == units(9))
        #expect(purse.credit == .zero)
    }

    @Test func `gives up an overdue request that is in the way, and no other`() throws {
        var purse = Purse()
        try purse.fill(by: units(10))
        try purse.reserve(request(1, 6, seconds: 10), at: noon)
        let later = noon.advanced(bySeconds: 10)
        try purse.reserve(request(2, 4), at: later)
        #expect(purse.reservations.count == 2)
        try purse.charge(units(4), for: ReservationID(2))
        try purse.reserve(request(3, 5), at: later)
        #expect(throws: Purse.Refusal.reservationLost) { try purse.charge(units(6), for: ReservationID(1)) }
    }

    @Test func `refuses, and stays as it was`() throws {
        var purse = Purse()
        try purse.fill(by: units(10))
        try purse.charge(units(4))
        try purse.reserve(request(1, 3), at: noon)
        let before = purse
        for (code, body) in [
            ("purse.insufficient", { try $0.reserve(self.request(2, 4), at: self.noon) }),
            ("purse.insufficient", { try $0.charge(self.units(4)) }),
            ("purse.charge-exceeds-price", { try $0.charge(self.units(4), for: ReservationID(1)) }),
            ("purse.reservation-lost", { try $0.charge(self.units(1), for: ReservationID(9)) }),
            ("purse.reservation-lost", { try $0.release(ReservationID(9)) }),
            ("purse.credit-exceeds-charged", { try $0.deliveryFailed(self.units(5)) }),
            ("purse.credit-exceeds-charged", { try $0.deliveryFailed(.max) }),
            ("purse.overflow", { try $0.fill(by: .max) }),
        ] as [(String, (inout Purse) throws -> Void)] {
            let refusal = #expect(throws: Purse.Refusal.self) { try body(&purse) }
            #expect(refusal?.code == code)
            #expect(purse == before)
        }
    }

    @Test func `lets in no more requests than it can hold, whatever they cost`() throws {
        var purse = Purse()
        for number in 0..<UInt64(Purse.maximumRequests) { try purse.reserve(request(number, 0), at: noon) }
        #expect(throws: Purse.Refusal.busy(requests: Purse.maximumRequests)) {
            try purse.reserve(request(999, 0), at: noon)
        }
        try purse.reserve(request(1000, 0), at: noon.advanced(bySeconds: 60))
    }

    @Test(arguments: [1, 2, 3, 4, 20_261_121] as [UInt64])
    func `never charges more than came in, in a random walk`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var purse = Purse()
        var now = noon
        for step in 0..<20_000 {
            let amount = units(UInt128.random(in: 0...20, using: &random))
            let id = ReservationID(UInt64(Int.random(in: max(0, step - 12)...step, using: &random)))
            let before = purse
            do {
                switch Int.random(in: 0..<7, using: &random) {
                case 0: try purse.fill(by: amount)
                case 1, 2:
                    try purse.reserve(
                        Purse.Reservation(
                            id: ReservationID(UInt64(step)), price: amount,
                            until: now.advanced(bySeconds: Int64.random(in: 0...30, using: &random))), at: now)
                case 3: try purse.charge(amount, for: id)
                case 4: try purse.charge(amount)
                case 5: try purse.release(id)
                default: try purse.deliveryFailed(amount)
                }
            } catch {
                #expect(purse == before, "step \(step), seed \(seed)")
            }
            now = now.advanced(bySeconds: Int64.random(in: 0...2, using: &random))
            let reserved = purse.reservations.reduce(UInt128(0)) { $0 + $1.price.units }
            #expect(purse.earned.units + reserved <= purse.authorised.units, "step \(step), seed \(seed)")
            #expect(purse.credit <= purse.charged && purse.charged >= before.charged)
            #expect(purse.available.units == purse.authorised.units - purse.earned.units - reserved)
        }
        #expect(purse.charged > .zero)
    }
}
