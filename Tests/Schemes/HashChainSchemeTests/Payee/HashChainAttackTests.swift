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
        #expect(try scene.bob.apply(.closeAsked(scene.payment(1))) == [.submitClose(scene.step(1))])
    }
}
