// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("A two-way payer's stored form")
struct TwoWayPayerStoredFormTests {
    /// One request was served and countersigned, one never answered, and one is under way.
    private func alice() throws -> TwoWayPayer {
        let scene = try Scene()
        var alice = scene.payer()
        let (first, second, third) = (ReservationID(1), ReservationID(2), ReservationID(3))
        let sent = try #require(proposed(try alice.apply(.paymentAsked(first, price: units(4)))))
        _ = try alice.apply(
            .served(first, charged: units(3), total: units(3), countersigned: scene.signed(sent, by: .second)))
        _ = try alice.apply(.paymentAsked(second, price: units(5)))
        _ = try alice.apply(.unanswered(second))
        _ = try alice.apply(.paymentAsked(third, price: units(6)))
        return alice
    }

    @Test func `says all that must outlive a restart`() throws {
        let alice = try alice()
        let read = try TwoWayPayer(stored: alice.stored)
        #expect(read.id == alice.id)
        #expect(read.terms == alice.terms)
        #expect(read.party == alice.party, "what it signed must never be forgotten")
        #expect(read.charged == units(3))
        #expect(read.purse.doubtful == units(11), "what was under way is in doubt")
        #expect(read.stored == alice.stored)
    }

    @Test func `reads the record of version 1`() throws {
        let stored = try alice().stored
        #expect(Hex.encode(stored) == Self.recorded)
        let recorded = try #require(Hex.decode(Self.recorded))
        #expect(try TwoWayPayer(stored: recorded).stored == stored)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let stored = try alice().stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try TwoWayPayer(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try TwoWayPayer(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try TwoWayPayer(stored: [2] + stored.dropFirst()) }
        // The payee's books are no payer's.
        let side = 1 + 32 + 20 * 3 + 16 * 2 + 8 + 32
        var other = stored
        other[side] ^= 3
        #expect(throws: StoredFormError.damaged) { try TwoWayPayer(stored: other) }
    }

    private static let recorded =
        "0x"
        + "0127732595ef8d6f6974c7795c40d74b495a66adc3cbec3a00bfe822a9241a3094f035c823e606e365cfd9f9649e9701"
        + "4926c88e4f04f8be886f4c65732e8cb48d2ea910a4ec40a8fa1e8a698a4ddd0e88b81269f4e1ab95e12c5785b6000000"
        + "00000000000000000000000064000000000000000000000000000000000000000000000e10a05e334153147e75f3f416"
        + "139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70000000000000000000000000000000000000000000000000640000"
        + "000000000000000000000000000000000000000000010000000000000000000000000000006000000000000000000000"
        + "000000000004010000000000000001000000000000000000000000000000600000000000000000000000000000000415"
        + "947ae2bcf9bd77a1a75c0f645dbba559cb51dcf72bbdf2d8c2be0e14654ed335dd4b1977836e10ee7b941fed613ed976"
        + "2442af78e6a9dcdd24a6c93b4c3e8c1b0000000000000041042c97aa47d18685ae532583a54a25c91db4b12b1a442888"
        + "8def24e327f24b9afbbfae320dab10982d9b349f8fe570938a4136e2bb1e86e904510d697bcfb36b1901000100000000"
        + "000000050000000000000000000000000000005b00000000000000000000000000000009000000000000000501000000"
        + "000000000001000000006b49d200000000000000000000000000000000030000000000000000000000000000000b"
}
