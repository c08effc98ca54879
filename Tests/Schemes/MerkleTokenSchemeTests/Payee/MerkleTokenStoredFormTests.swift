// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@Suite("The stored form of a payee's Merkle-token channel")
struct MerkleTokenStoredFormTests {
    private func channel() throws -> (MerkleTokenChannel, MerkleTokenChannel.Effect) {
        var scene = try Scene()
        let kept = try scene.bob.apply(.paid(scene.payment([0, 1, 3]), price: units(7), at: noon))
        _ = try scene.bob.apply(.deliveryFailed(units(1)))
        _ = try scene.bob.apply(.captured(units(6)))
        return (scene.bob, kept[2])
    }

    @Test func `comes back as it was, without what is in flight`() throws {
        var (channel, effect) = try channel()
        let stored = channel.stored
        #expect(stored.count == 439)
        #expect(try MerkleTokenChannel(stored: stored) == channel)
        #expect(try MerkleTokenChannel(stored: stored).stored == stored)
        let inFlight = Purse.Reservation(id: ReservationID(1), price: units(1), until: noon)
        _ = try channel.apply(.paymentArrived(nil, for: inFlight, at: noon))
        #expect(channel.stored == stored)
        #expect(try MerkleTokenChannel.effect(stored: MerkleTokenChannel.stored(effect)) == effect)
    }

    @Test func `version 1 stays readable`() throws {
        let (channel, effect) = try channel()
        #expect(Hex.encode(channel.stored) == Self.channelRecord)
        #expect(Hex.encode(MerkleTokenChannel.stored(effect)) == Self.effectRecord)
    }

    @Test func `refuses bytes that are cut short, too long, or newer`() throws {
        let (channel, effect) = try channel()
        let (state, kept) = (channel.stored, MerkleTokenChannel.stored(effect))
        for count in state.indices {
            #expect(throws: StoredFormError.damaged) { try MerkleTokenChannel(stored: Array(state[..<count])) }
        }
        for count in kept.indices {
            #expect(throws: StoredFormError.damaged) { try MerkleTokenChannel.effect(stored: Array(kept[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try MerkleTokenChannel(stored: state + [0]) }
        #expect(throws: StoredFormError.damaged) { try MerkleTokenChannel.effect(stored: kept + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try MerkleTokenChannel(stored: [2] + state.dropFirst()) }
        #expect(throws: StoredFormError.newer(version: 2)) {
            try MerkleTokenChannel.effect(stored: [2] + kept.dropFirst())
        }
    }

    @Test func `refuses what no channel can be`() throws {
        let state = try channel().0.stored
        let change = { (place: Int, byte: UInt8) in
            var bytes = state
            bytes[place] = byte
            return bytes
        }
        // The phase, the floor, bit 0 of the window, a bit beyond the last token, and more captured than charged.
        let window = 1 + 32 + 132 + 32 + 20 + 1
        for bytes in [
            change(window - 1, 2), change(window, 1), change(window + 4 + 7, 3), change(window + 4, 0x80),
            change(window + 132 + 48 + 15, 8),
        ] {
            #expect(throws: StoredFormError.damaged) { try MerkleTokenChannel(stored: bytes) }
        }
    }

    private static let channelRecord =
        "0x0134219d7a2fb35f09c07bef49326986c2fe7c3eed1ea0934cbb082ad7f9921b61e1c8688e10da7e85e05f2843d606c79b"
        + "78c8dd53921d9d26ac74ec6b9e203201dee4ad2069a0654a341feddba05e698ef94f1fa0f6468ea5033d0d1f9462d5b0e75d"
        + "90b3968630c90000000f00000000000000000000000000000003000000006b4b2380a05e334153147e75f3f416139b5109d1"
        + "179cb56fef6a4ecb4c4cbc92a7c37b70aa0a2e1c7217fe85d8ccad535972f7ba0040a0b4b6f5226696f2f7e4e14d1177de22"
        + "3b920fb4171d4cbf2b3b7932b01fc605f21c0000000007000000000000000200000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        + "0000000000000000000000000000000009000000000000000000000000000000070000000000000000000000000000000100"
        + "0000000000000000000000000000060000000000000001000000006b49d20001000000006b49d200"
    private static let effectRecord =
        "0x010100000000000000000000000000000009de223b920fb4171d4cbf2b3b7932b01fc605f21c0000000800000000000000"
        + "000000000000000003ea7d502f98a07c350c7223090e689c517ae7da4569bed22ecf200bdd3b79a06104cedff4601a526ebb"
        + "9deb6909decbb53836f029a08a9e155c9ad8d879a660040aac57bdf064094f9b9179a0c6c79e4d35bc5c3c2727927bc75c86"
        + "8e3cfb21aa8e985d734dfb81ed2f1b83cf917093573d25c5f770b87a295eef17029ee1d25d5b02b860df460ef8d460926117"
        + "3dadcfdd23866fa1338685ba9fea63cfd2f6a674"
}
