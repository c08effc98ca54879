// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingX402
import Testing

@Suite("Mallory at a hash-chain channel")
struct HashChainAttackTests {
    @Test func `sends a value that is not on the chain`() throws {
        let scene = try Scene()
        for step in [
            HashChainStep(index: 1, value: .zero), HashChainStep(index: 2, value: scene.step(1).value),
            HashChainStep(index: 1, value: scene.step(2).value), HashChainStep(index: 0, value: scene.step(1).value),
        ] {
            #expect(throws: HashChainChannel.Refusal.foreignStep(index: step.index)) {
                try UnverifiedHashChainStep(step).verified(
                    after: scene.bob.best, of: scene.terms, tag: scene.bob.tag, longest: 100)
            }
        }
    }

    @Test func `hides a value that is not on the chain behind one that is`() throws {
        var scene = try Scene(count: 100)
        _ = try scene.bob.apply(.paid(scene.payment(2), price: units(3), at: noon))
        let offer = scene.offer(longestStride: 10)
        func verify(_ step: HashChainStep, after earlier: UInt32) throws -> HashChainPayment {
            try scene.bob.verify(
                UnverifiedHashChainStep(step), after: try scene.payment(earlier), under: offer, in: Scene.domain,
                secrets: PayeeSecrets(root: .zero))
        }
        // A good one is good after whatever was good, be that before it, behind it, or itself.
        for earlier in [1, 2, 6, 7, 12] as [UInt32] {
            #expect(try verify(scene.step(7), after: earlier).step == scene.step(7))
        }
        for step in [
            HashChainStep(index: 7, value: .zero), HashChainStep(index: 7, value: scene.step(8).value),
            HashChainStep(index: 5, value: scene.step(6).value), HashChainStep(index: 1, value: scene.step(6).value),
        ] {
            #expect(throws: HashChainChannel.Refusal.foreignStep(index: step.index)) { try verify(step, after: 6) }
        }
        // Nobody hashes further for it than for any other.
        #expect(throws: HashChainChannel.Refusal.strideTooLong(steps: 11, longest: 10)) {
            try verify(scene.step(17), after: 6)
        }
        #expect(throws: HashChainChannel.Refusal.beyondEnd(index: 101, count: 100)) {
            try verify(HashChainStep(index: 101, value: .zero), after: 6)
        }
    }

    @Test func `sends a step far away, to keep the payee hashing`() throws {
        let scene = try Scene(count: 10_000)
        #expect(throws: HashChainChannel.Refusal.strideTooLong(steps: 9000, longest: 64)) {
            try scene.payment(9000, longest: 64)
        }
        #expect(throws: HashChainChannel.Refusal.beyondEnd(index: .max, count: 10_000)) {
            try UnverifiedHashChainStep(HashChainStep(index: .max, value: .zero)).verified(
                after: scene.bob.best, of: scene.terms, tag: scene.bob.tag, longest: .max)
        }
    }

    @Test func `reveals more just before the expiry than can be redeemed until then`() throws {
        var scene = try Scene(count: 20_000)
        func pay(_ index: UInt32, secondsLeft: Int64) throws {
            let payment = try scene.payment(index, longest: 1024)
            let price = units(3 * UInt128(index - scene.bob.best.index))
            _ = try scene.bob.apply(.paid(payment, price: price, at: noon.advanced(bySeconds: 86_400 - secondsLeft)))
        }
        for part: UInt32 in 1...8 { try pay(1024 * part - 1, secondsLeft: 301) }
        #expect(scene.bob.redemptionTime == 0)
        let refusal = #expect(throws: HashChainChannel.Refusal.self) { try pay(8192, secondsLeft: 600) }
        #expect(refusal?.code == "invalid_hash_chain_channel_expiring")
        #expect(refusal?.message.contains("600 s are kept") == true)
        try pay(8192, secondsLeft: 601)
        #expect(scene.bob.redemptionTime == 300, "it is redeemed so much sooner")
        for part: UInt32 in 9...15 { try pay(1024 * part, secondsLeft: 601) }
        #expect(throws: HashChainChannel.Refusal.self) { try pay(16_384, secondsLeft: 900) }
        // What was redeemed needs no time any more.
        let orders = [HashChainContract.Order.redeem(scene.step(15_360))]
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 2, orders: orders)))
        try pay(16_384, secondsLeft: 301)
    }

    @Test func `sends fifty copies of a payment, and is served once`() throws {
        var scene = try Scene()
        let payment = try scene.payment(1)
        var served = 0
        for number in 1...50 as ClosedRange<UInt64> {
            let event = HashChainChannel.Event.paymentArrived(
                payment, for: scene.reservation(ReservationID(number), 3), at: noon)
            if (try? scene.bob.apply(event)) != nil { served += 1 }
        }
        #expect(served == 1)
    }

    @Test func `uses steps of another channel of the same payer (MuP2P 6)`() throws {
        let (scene, other) = (try Scene(), try Scene(count: 11))
        #expect(throws: HashChainChannel.Refusal.foreignStep(index: 3)) {
            try UnverifiedHashChainStep(other.step(3)).verified(
                after: scene.bob.best, of: scene.terms, tag: scene.bob.tag, longest: 100)
        }
    }

    @Test func `spends the last step too (MuP2P 17: it was taken and answered with an error)`() throws {
        var scene = try Scene(count: 2)
        _ = try scene.bob.apply(.paid(scene.payment(1), price: units(3), at: noon))
        _ = try scene.bob.apply(.paid(scene.payment(2), price: units(3), at: noon))
        #expect(scene.bob.redemption == scene.step(2))
    }

    @Test func `gets no more from the contract than was delivered, although more was revealed`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(10), price: units(3), at: noon))
        #expect(scene.bob.redemption == scene.step(1))
        #expect(try scene.bob.apply(.closeAsked(scene.payment(10))) == [.submitClose(scene.step(1))])
    }

    @Test func `closes a channel with what everybody can see on the ledger`() throws {
        var scene = try Scene()
        func close(_ index: UInt32) throws -> [HashChainChannel.Effect] {
            try scene.bob.apply(.closeAsked(scene.payment(index)))
        }
        // Nobody has paid yet: the anchor is in the terms.
        #expect(throws: HashChainChannel.Refusal.closeUnproven(shown: 0, least: 1)) { try close(0) }
        _ = try scene.bob.apply(.paid(scene.payment(4), price: units(12), at: noon))
        for index in 0...3 as ClosedRange<UInt32> {
            #expect(throws: HashChainChannel.Refusal.closeUnproven(shown: index, least: 4)) { try close(index) }
        }
        // All that was revealed is redeemed, and so the last step is public too.
        let redeemed = try Scene.ledger(scene.terms, height: 2, orders: [.redeem(scene.step(4))])
        _ = try scene.bob.apply(.observed(redeemed))
        let refusal = #expect(throws: HashChainChannel.Refusal.self) { try close(4) }
        #expect(refusal?.code == "invalid_hash_chain_close_unproven")
        #expect(scene.bob.phase == .open)
        // Only the payer knows the next one; it is paid for no more for having been shown.
        #expect(try close(5) == [.submitClose(scene.step(4))])
    }
}
