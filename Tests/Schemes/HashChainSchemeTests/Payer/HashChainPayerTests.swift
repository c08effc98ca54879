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
}
