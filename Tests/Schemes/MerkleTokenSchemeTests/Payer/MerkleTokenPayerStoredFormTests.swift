// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@Suite("A Merkle-token payer's stored form")
struct MerkleTokenPayerStoredFormTests {
    /// One request was served, one never answered, and one is under way.
    private func scene() throws -> Scene {
        var scene = try Scene()
        for (price, event) in [(4, 0), (3, 1), (2, 2)] as [(UInt128, Int)] {
            let id = scene.request()
            _ = try scene.alice.apply(.paymentAsked(id, price: units(price), most: 64), of: Scene.bob)
            if event == 0 {
                _ = try scene.alice.apply(.served(id, charged: units(4), total: units(4), floor: 7), of: Scene.bob)
            }
            if event == 1 { _ = try scene.alice.apply(.unanswered(id), of: Scene.bob) }
        }
        return scene
    }

    @Test func `says all that must outlive a restart`() throws {
        let scene = try scene()
        let read = try MerkleTokenPayer(stored: scene.alice.stored)
        #expect(read.id == scene.alice.id)
        #expect(read.terms == scene.alice.terms)
        let account = try #require(read.accounts[Scene.bob])
        #expect(account.charged == units(4))
        #expect(account.purse.doubtful == units(5), "what was under way is in doubt")
        #expect(account.shown == scene.alice.accounts[Scene.bob]?.shown)
        #expect(read.accounts[Scene.carol] == scene.alice.accounts[Scene.carol])
        #expect(read.stored == scene.alice.stored)
        // It shows the same tokens.
        var (one, other) = (scene.alice, read)
        let asked = MerkleTokenPayer.Event.paymentAsked(ReservationID(99), price: units(2), most: 64)
        let (shown, same) = (try one.apply(asked, of: Scene.carol), try other.apply(asked, of: Scene.carol))
        #expect(shown == same)
    }

    @Test func `reads the record of version 1`() throws {
        let stored = try scene().alice.stored
        #expect(Hex.encode(stored) == Self.recorded)
        let recorded = try #require(Hex.decode(Self.recorded))
        #expect(try MerkleTokenPayer(stored: recorded).stored == stored)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let stored = try scene().alice.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try MerkleTokenPayer(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try MerkleTokenPayer(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) { try MerkleTokenPayer(stored: [2] + stored.dropFirst()) }
        // The terms, the tag and the seed must make the tree that was deposited for.
        for place in [33, 80, 130, 180, 200, 220] {
            var damaged = stored
            damaged[place] ^= 1
            #expect((try? MerkleTokenPayer(stored: damaged).stored) != stored)
        }
    }

    private static let recorded =
        "0x"
        + "0134219d7a2fb35f09c07bef49326986c2fe7c3eed1ea0934cbb082ad7f9921b61e1c8688e10da7e85e05f2843d606c7"
        + "9b78c8dd53921d9d26ac74ec6b9e203201dee4ad2069a0654a341feddba05e698ef94f1fa0f6468ea5033d0d1f9462d5"
        + "b0e75d90b3968630c90000000f00000000000000000000000000000003000000006b4b2380a05e334153147e75f3f416"
        + "139b5109d1179cb56fef6a4ecb4c4cbc92a7c37b70aa0a2e1c7217fe85d8ccad535972f7ba0040a0b4b6f5226696f2f7"
        + "e4e14d117766a80b61b29ec044d14c4c8c613e762ba1fb8eeb0c454d1ee00ed6dedaa5b5c50000000294bfe7848b16cc"
        + "a03e668c27d2f6714e6aee141b0000000500000000000000000000000000000002000000000000000000000000000000"
        + "00000000000000000000000000000000000000000000000000de223b920fb4171d4cbf2b3b7932b01fc605f21c000000"
        + "0a0000000000000000000000000000000300000003000000020000000000000000000000000000000400000000000000"
        + "000000000000000005"
}
