// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import Testing

@Suite("A payer with a hash chain")
struct HashChainPayerTests {
    private func ask(_ scene: inout Scene, _ price: UInt128, longest: UInt32 = 100) throws -> (ReservationID, UInt32) {
        let id = scene.request()
        let step = try scene.alice.apply(.paymentAsked(id, price: units(price), longest: longest))
        return (id, try #require(step).index)
    }

    @Test func `reveals as little as the requests need`() throws {
        var scene = try Scene()
        let (first, index) = try ask(&scene, 4)
        #expect(index == 2)
        _ = try scene.alice.apply(.served(first, charged: units(4), total: units(4)))
        let (second, same) = try ask(&scene, 2)
        #expect(same == 2, "two units were left over")
        _ = try scene.alice.apply(.served(second, charged: units(1), total: units(5)))
        #expect(try ask(&scene, 2).1 == 3)
        #expect(try ask(&scene, 2).1 == 3)
        #expect(try ask(&scene, 2).1 == 4)
    }

    @Test func `asks for the rest with a step that was not redeemed, and reveals no more than it must`() throws {
        var scene = try Scene(count: 3)
        #expect(try scene.alice.apply(.closeAsked) == scene.step(1), "everybody knows the anchor")
        #expect(try scene.alice.apply(.closeAsked) == scene.step(1))
        let (first, _) = try ask(&scene, 4)
        _ = try scene.alice.apply(.served(first, charged: units(4), total: units(4)))
        #expect(try scene.alice.apply(.closeAsked) == scene.step(2), "one step and a third were charged")
        let (second, _) = try ask(&scene, 2)
        _ = try scene.alice.apply(.served(second, charged: units(2), total: units(6)))
        #expect(try scene.alice.apply(.closeAsked) == scene.step(3), "both may be redeemed")
        #expect(try scene.alice.apply(.closeAsked) == scene.step(3))
        let (lost, _) = try ask(&scene, 3)
        _ = try scene.alice.apply(.unanswered(lost))
        #expect(try scene.alice.apply(.closeAsked) == scene.step(3), "there is none left")
    }

    @Test func `pays with the same step again when nothing was charged`() throws {
        var scene = try Scene()
        let (first, index) = try ask(&scene, 3)
        _ = try scene.alice.apply(.notServed(first))
        #expect(try ask(&scene, 3).1 == index)
    }

    @Test func `reveals more only when the payee says that it charged what was never answered`() throws {
        var scene = try Scene()
        let (lost, _) = try ask(&scene, 3)
        _ = try scene.alice.apply(.unanswered(lost))
        let (second, index) = try ask(&scene, 3)
        #expect(index == 1)
        _ = try scene.alice.apply(.corrected(second, charged: units(3), revealed: 1))
        #expect(scene.alice.charged == units(3))
        #expect(scene.alice.purse.doubtful == .zero)
        #expect(try ask(&scene, 3).1 == 2)
    }

    @Test func `refuses what the channel cannot pay, and reveals nothing for it`() throws {
        var scene = try Scene()
        let before = scene.alice
        for (code, price, longest) in [
            ("payer.exhausted", 31, 100), ("payer.exhausted", .max, 100), ("payer.stride-too-long", 9, 2),
        ] as [(String, UInt128, UInt32)] {
            let refusal = #expect(throws: HashChainPayer.Refusal.self) {
                try scene.alice.apply(.paymentAsked(ReservationID(7), price: units(price), longest: longest))
            }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
    }

    @Test func `does not believe a payee that says too much`() throws {
        var scene = try Scene()
        let (lost, _) = try ask(&scene, 3)
        _ = try scene.alice.apply(.unanswered(lost))
        let (id, _) = try ask(&scene, 4)
        let before = scene.alice
        for (code, event) in [
            ("payer.overcharged", .served(id, charged: units(5), total: units(5))),
            ("payer.overstated", .served(id, charged: units(4), total: units(8))),
            ("payer.overstated", .corrected(id, charged: units(4), revealed: 1)),
            ("payer.overstated-steps", .corrected(id, charged: units(3), revealed: 3)),
            ("payer.unknown-request", .served(ReservationID(99), charged: .zero, total: .zero)),
            ("payer.unknown-request", .notServed(ReservationID(99))),
            ("payer.unknown-request", .unanswered(ReservationID(99))),
            ("payer.unknown-request", .corrected(ReservationID(99), charged: .zero, revealed: 0)),
        ] as [(String, HashChainPayer.Event)] {
            let refusal = #expect(throws: HashChainPayer.Refusal.self) { try scene.alice.apply(event) }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
    }

    @Test(
        arguments: [
            (revealed: 8190, price: 3, seconds: 0), (revealed: 8190, price: 4, seconds: 300),
            (revealed: 8191, price: 3, seconds: 300), (revealed: 16_382, price: 3, seconds: 300),
            (revealed: 16_382, price: 4, seconds: 600),
        ] as [(revealed: UInt32, price: UInt128, seconds: Int64)])
    func `knows how early its payee stops, which has redeemed nothing`(
        revealed: UInt32, price: UInt128, seconds: Int64
    ) throws {
        var scene = try Scene(count: 20_000)
        let (before, _) = try ask(&scene, 3 * UInt128(revealed), longest: revealed)
        _ = try scene.alice.apply(
            .served(before, charged: units(3 * UInt128(revealed)), total: units(3 * UInt128(revealed))))
        _ = try scene.bob.apply(
            .paid(try scene.payment(revealed, longest: revealed), price: units(3 * UInt128(revealed)), at: noon))
        #expect(scene.alice.redemptionTime(paying: units(price)) == seconds)
        let (_, index) = try ask(&scene, price)
        let payment = try scene.payment(index)
        let last = noon.advanced(bySeconds: 86_400 - HashChainChannel.safetyMargin - seconds)
        #expect(throws: HashChainChannel.Refusal.self) {
            try scene.bob.apply(.paid(payment, price: units(price), at: last))
        }
        _ = try scene.bob.apply(.paid(payment, price: units(price), at: last.advanced(bySeconds: -1)))
    }

    @Test func `reads the record of version 1, and the chain in it`() throws {
        var scene = try Scene()
        let (id, _) = try ask(&scene, 4)
        _ = try scene.alice.apply(.served(id, charged: units(4), total: units(4)))
        #expect(Hex.encode(scene.alice.stored) == Self.recorded)
        #expect(try HashChainPayer(stored: try #require(Hex.decode(Self.recorded))) == scene.alice)
    }

    private static let recorded =
        "0x"
        + "0146dd308d80cd82d7b15fb77e8bed77a6434e67a1ac0f5da5ead9ac27b86e6f6be1c8688e10da7e85e05f2843d606c7"
        + "9b78c8dd53de223b920fb4171d4cbf2b3b7932b01fc605f21cde223b920fb4171d4cbf2b3b7932b01fc605f21c921d9d"
        + "26ac74ec6b9e203201dee4ad2069a0654a44ca6216573fa21d9d8986ecc7c7e1e4134a5021cb98ab0cb49b54d23a8b54"
        + "e90000000a00000000000000000000000000000003000000006b4b2380a05e334153147e75f3f416139b5109d1179cb5"
        + "6fef6a4ecb4c4cbc92a7c37b700000000000000000000000000000000400000000000000000000000000000000000000"
        + "00000000e501b53fbf92ee37a8f5271302ea3b386c9541e21805f927290e9e4e60f595a7ed7466a80b61b29ec044d14c"
        + "4c8c613e762ba1fb8eeb0c454d1ee00ed6dedaa5b5c50000000a00000002c78678f9c5359eaa1e61437c59426c0f8ca1"
        + "5a5a026a11e5006fcdbf71b212c903030000000800000008b64d12e7af44c071ff2c331af4e22c24ba897b937440cfc7"
        + "0308ab000bb7985c020000000400000004d2afa406ec7c1f52dd52a51e4675747c32b142e2244bb2ffc0017ea94f1b1f"
        + "ca010000000600000008b64d12e7af44c071ff2c331af4e22c24ba897b937440cfc70308ab000bb7985c"
}
