// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@Suite("Mallory at a Merkle-token channel")
struct MerkleTokenAttackTests {
    private func code(_ scene: Scene, _ tokens: [ShownMerkleToken], most: UInt32 = 64) -> String? {
        let refusal = #expect(throws: MerkleTokenChannel.Refusal.self) {
            try UnverifiedMerkleTokens(tokens).verified(for: Scene.bob, of: scene.terms, tag: scene.bob.tag, most: most)
        }
        return refusal.map { String($0.code.dropFirst("invalid_merkle_token_".count)) }
    }

    @Test func `changes anything of a token, and proves nothing`() throws {
        let scene = try Scene()
        let good = try scene.shown([2])[0]
        let changes: [(inout ShownMerkleToken) -> Void] = [
            { $0.index -= 1 }, { $0.amount = units(2) }, { $0.secret = .zero }, { $0.proof.siblings[0] = .zero },
            { $0.proof.siblings.removeLast() }, { $0.proof.siblings.append(.zero) }, { $0.proof.siblings = [] },
        ]
        for change in changes {
            var bad = good
            change(&bad)
            #expect(code(scene, [bad]) == "not_proven")
        }
    }

    @Test func `shows too many tokens, none, some twice, or some that cannot be`() throws {
        let scene = try Scene(count: 100)
        let tokens = try scene.shown(0..<64)
        #expect(code(scene, []) == "batch_size")
        #expect(code(scene, tokens + [tokens[0]]) == "batch_size")
        #expect(code(scene, Array(tokens[..<3]), most: 2) == "batch_size")
        #expect(code(scene, [tokens[1], tokens[0]]) == "unsorted")
        #expect(code(scene, [tokens[1], tokens[1]]) == "unsorted")
        var bad = tokens[0]
        bad.index = 105
        #expect(code(scene, [bad]) == "beyond_end")
        bad = tokens[0]
        for amount in [0, 4] as [UInt128] {
            bad.amount = units(amount)
            #expect(code(scene, [bad]) == "token_amount")
        }
    }

    @Test func `sends fifty copies of a payment, and is served once (MuP2P 12)`() throws {
        var scene = try Scene()
        let payment = try scene.payment([0])
        var served = 0
        for number in 1...50 as ClosedRange<UInt64> {
            let event = MerkleTokenChannel.Event.paymentArrived(
                payment, for: scene.reservation(ReservationID(number), 3), at: noon)
            if (try? scene.bob.apply(event)) != nil { served += 1 }
        }
        #expect(served == 1)
    }

    @Test func `shows Bob a token that is Carol's, and one of another channel`() throws {
        let (scene, other) = (try Scene(), try Scene(salt: "pepper"))
        #expect(code(scene, try scene.shown([0], to: Scene.carol)) == "not_proven")
        #expect(code(scene, try other.shown([0])) == "not_proven")
    }

    @Test func `jumps ahead and comes back, and loses what it left behind`() throws {
        var scene = try Scene(count: 1500)
        _ = try scene.bob.apply(.paid(payment(scene, 0), price: units(3), at: noon))
        _ = try scene.bob.apply(.paid(payment(scene, 1400), price: units(3), at: noon))
        #expect(scene.bob.seen.floor == 5 + 1400 - 1023)
        #expect(throws: MerkleTokenChannel.Refusal.self) {
            try scene.bob.apply(.paid(payment(scene, 10), price: units(3), at: noon))
        }
        _ = try scene.bob.apply(.paid(payment(scene, 1000), price: units(3), at: noon))
        #expect(scene.bob.purse.authorised == units(9))
        #expect(scene.bob.stored.count < 600)
    }

    /// One token, however far away.
    private func payment(_ scene: Scene, _ number: UInt32) throws -> MerkleTokenPayment {
        var alice = scene.alice
        var last: [ShownMerkleToken] = []
        for step in stride(from: number % 60, through: number, by: 60) {
            let price = units(3 * UInt128(step + 1) - (alice.accounts[Scene.bob]?.charged.units ?? 0))
            let id = ReservationID(UInt64(step))
            last = try alice.apply(.paymentAsked(id, price: price, most: 64), of: Scene.bob)?.tokens ?? []
            let total = units(3 * UInt128(step + 1))
            _ = try alice.apply(.served(id, charged: price, total: total, floor: 5 + step + 1), of: Scene.bob)
        }
        return try scene.verified(Array(last.suffix(1)))
    }
}
