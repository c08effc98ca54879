// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@Suite("A payer with Merkle tokens")
struct MerkleTokenPayerTests {
    /// - Returns: The numbers of the tokens that were shown; Bob's first is 0.
    private func ask(
        _ scene: inout Scene, _ price: UInt128, most: UInt32 = 64
    ) throws -> (ReservationID, [UInt32]) {
        let id = scene.request()
        let sent = try scene.alice.apply(.paymentAsked(id, price: units(price), most: most), of: Scene.bob)
        return (id, try #require(sent).tokens.map { $0.index - 5 })
    }

    private func tell(_ scene: inout Scene, _ event: MerkleTokenPayer.Event) throws {
        #expect(try scene.alice.apply(event, of: Scene.bob) == nil)
    }

    @Test func `shows as few tokens as the requests need, in ascending order`() throws {
        var scene = try Scene()
        let (first, tokens) = try ask(&scene, 4)
        #expect(tokens == [0, 1])
        try tell(&scene, .served(first, charged: units(4), total: units(4), floor: 7))
        let (second, same) = try ask(&scene, 2)
        #expect(same == [1], "two units were left over, so the last token is shown again")
        try tell(&scene, .served(second, charged: units(1), total: units(5), floor: 7))
        #expect(try ask(&scene, 2).1 == [2])
        #expect(try ask(&scene, 2).1 == [2])
        #expect(try ask(&scene, 2).1 == [2, 3], "nobody has said that the third token arrived")
    }

    @Test func `shows a token again that may have got lost`() throws {
        var scene = try Scene()
        let (lost, tokens) = try ask(&scene, 6)
        #expect(tokens == [0, 1])
        try tell(&scene, .unanswered(lost))
        let (second, again) = try ask(&scene, 6)
        #expect(again == [0, 1])
        try tell(&scene, .corrected(second, charged: units(6), floor: 7))
        #expect(scene.alice.accounts[Scene.bob]?.charged == units(6))
        #expect(scene.alice.accounts[Scene.bob]?.purse.doubtful == .zero)
        #expect(try ask(&scene, 3).1 == [2])
    }

    @Test func `keeps the books of one payee apart from another's`() throws {
        var scene = try Scene()
        let before = scene.alice.accounts[Scene.carol]
        let (id, _) = try ask(&scene, 30)
        try tell(&scene, .served(id, charged: units(30), total: units(30), floor: 15))
        #expect(scene.alice.accounts[Scene.carol] == before)
        let sent = try scene.alice.apply(.paymentAsked(scene.request(), price: units(10), most: 64), of: Scene.carol)
        #expect(sent?.tokens.map(\.index) == [0, 1, 2, 3, 4])
    }

    @Test func `refuses what the channel cannot pay, and shows nothing for it`() throws {
        var scene = try Scene()
        let before = scene.alice
        for (code, price, most, payee) in [
            ("payer.exhausted", 31, 64, Scene.bob), ("payer.exhausted", .max, 64, Scene.bob),
            ("payer.too-many-tokens", 9, 2, Scene.bob), ("payer.unknown-payee", 1, 64, Scene.address("Mallory")),
        ] as [(String, UInt128, UInt32, Address)] {
            let refusal = #expect(throws: MerkleTokenPayer.Refusal.self) {
                try scene.alice.apply(.paymentAsked(ReservationID(7), price: units(price), most: most), of: payee)
            }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
    }

    @Test func `does not believe a payee that says too much`() throws {
        var scene = try Scene()
        let (lost, _) = try ask(&scene, 3)
        try tell(&scene, .unanswered(lost))
        let (id, _) = try ask(&scene, 4)
        let before = scene.alice
        let stranger = ReservationID(99)
        for (code, event) in [
            ("payer.overcharged", .served(id, charged: units(5), total: units(5), floor: 0)),
            ("payer.overstated", .served(id, charged: units(4), total: units(8), floor: 0)),
            ("payer.overstated", .corrected(id, charged: units(4), floor: 0)),
            ("payer.overstated-tokens", .corrected(id, charged: units(3), floor: 8)),
            ("payer.overstated-tokens", .served(id, charged: units(3), total: units(3), floor: .max)),
            ("payer.unknown-request", .served(stranger, charged: .zero, total: .zero, floor: 0)),
            ("payer.unknown-request", .notServed(stranger)),
            ("payer.unknown-request", .unanswered(stranger)),
            ("payer.unknown-request", .corrected(stranger, charged: .zero, floor: 0)),
            ("payer.unknown-request", .paymentAsked(id, price: .zero, most: 64)),
        ] as [(String, MerkleTokenPayer.Event)] {
            let refusal = #expect(throws: MerkleTokenPayer.Refusal.self) {
                try scene.alice.apply(event, of: Scene.bob)
            }
            #expect(refusal?.code == code)
            #expect(refusal?.message.isEmpty == false)
            #expect(scene.alice == before)
        }
    }

    @Test func `makes no tree from a plan that cannot be`() {
        let share = MerkleTokenPlan.Share(payee: Scene.bob, count: 1, amount: units(1))
        var (empty, worthless, large) = (share, share, share)
        empty.count = 0
        worthless.amount = .zero
        large.count = .max
        for shares in [[], [share, share], [empty], [worthless], [large]] { #expect(MerkleTokenPlan(shares) == nil) }
        large.count = 1_048_576
        #expect(MerkleTokenPlan([large]) != nil)
    }

    @Test func `makes the same tokens from the same seed, and none twice`() throws {
        let (scene, same) = (try Scene(), try Scene())
        #expect(scene.alice == same.alice)
        #expect(try scene.shown(0..<10) == same.shown(0..<10))
        let tag = scene.bob.tag
        let secrets = (0..<100).map { MerkleTokenSecret.secret(of: $0, seed: hash("seed"), tag: tag) }
        #expect(Set(secrets).count == 100)
        #expect(try Scene(salt: "pepper").shown([0])[0].secret != scene.shown([0])[0].secret)
    }
}
