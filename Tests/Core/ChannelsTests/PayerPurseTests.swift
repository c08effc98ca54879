// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@Suite("A payer's purse")
struct PayerPurseTests {
    private static func units(_ units: UInt128) -> Amount { Amount(units: units) }
    private let id = ReservationID(1)

    /// A purse that charged 2, with a request for 1 under way.
    private func purse(repeated: Bool) throws -> PayerPurse {
        var purse = PayerPurse(charged: Self.units(2))
        let needed = try purse.asked(id, price: Self.units(1))
        #expect(needed == Self.units(3))
        if repeated { try purse.repeated(id) }
        return purse
    }

    @Test func `believes that a request was charged once when it was sent again after a lost answer`() throws {
        var purse = try purse(repeated: true)
        try purse.corrected(id, total: Self.units(3), authorised: Self.units(3))
        #expect(purse == PayerPurse(charged: Self.units(3)))
    }

    @Test func `leaves a repeated request in doubt when the payee has not charged it`() throws {
        var purse = try purse(repeated: true)
        try purse.corrected(id, total: Self.units(2), authorised: Self.units(3))
        #expect(purse == PayerPurse(charged: Self.units(2), doubtful: Self.units(1)))
    }

    @Test func `does not believe that a request was charged that was sent once and refused`() throws {
        var purse = try purse(repeated: false)
        let before = purse
        #expect(throws: PayerPurse.Refusal.overstated(charged: Self.units(3), most: Self.units(2))) {
            try purse.corrected(id, total: Self.units(3), authorised: Self.units(3))
        }
        #expect(purse == before)
    }

    @Test func `does not believe more than one charge of a repeated request, nor more than was authorised`() throws {
        var purse = try purse(repeated: true)
        #expect(throws: PayerPurse.Refusal.overstated(charged: Self.units(4), most: Self.units(3))) {
            try purse.corrected(id, total: Self.units(4), authorised: Self.units(9))
        }
        #expect(throws: PayerPurse.Refusal.overstated(charged: Self.units(4), most: Self.units(3))) {
            try purse.served(id, charged: Self.units(1), total: Self.units(4), authorised: Self.units(3))
        }
        #expect(throws: PayerPurse.Refusal.overstated(charged: Self.units(5), most: Self.units(4))) {
            try purse.served(id, charged: Self.units(1), total: Self.units(5), authorised: Self.units(9))
        }
    }

    @Test func `believes two charges of a repeated request where as much was paid ahead`() throws {
        var purse = try purse(repeated: true)
        try purse.served(id, charged: Self.units(1), total: Self.units(4), authorised: Self.units(9))
        #expect(purse == PayerPurse(charged: Self.units(4)))
    }

    @Test func `leaves nothing in doubt when a repeated request is answered at last`() throws {
        var purse = try purse(repeated: true)
        try purse.served(id, charged: Self.units(1), total: Self.units(3), authorised: Self.units(3))
        #expect(purse == PayerPurse(charged: Self.units(3)))
    }

    @Test func `puts a repeated request in doubt once when nobody answers it`() throws {
        var purse = try purse(repeated: true)
        try purse.unanswered(id)
        #expect(purse == PayerPurse(charged: Self.units(2), doubtful: Self.units(1)))
    }

    @Test func `knows no request to repeat that is not under way`() {
        var purse = PayerPurse()
        #expect(throws: PayerPurse.Refusal.unknownRequest) { try purse.repeated(id) }
    }
}
