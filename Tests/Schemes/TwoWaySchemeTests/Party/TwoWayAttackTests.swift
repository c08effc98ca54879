// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("Mallory at a two-way channel")
struct TwoWayAttackTests {
    var scene: Scene
    var alice: TwoWayParty
    var bob: TwoWayParty

    init() throws {
        scene = try Scene(first: 100, second: 50)
        alice = scene.party(.first)
        bob = scene.party(.second)
    }

    /// Alice gives, and Bob countersigns.
    private mutating func pay(_ amount: UInt128) throws {
        let proposal = try #require(proposed(try alice.apply(.paymentAsked(units(amount)))))
        _ = try bob.apply(.proposalArrived(scene.signed(proposal, by: .first), owed: units(amount)))
        _ = try alice.apply(.countersigned(scene.signed(proposal, by: .second)))
    }

    @Test(arguments: [state(3, 150, 0), state(3, 91, 59), state(1_000_000_001, 150, 0)])
    mutating func `gives herself everything under a higher nonce (Hedgehog 4: the relay signed blindly)`(
        greedy: TwoWayState
    ) throws {
        try pay(10)
        let before = bob
        #expect(throws: TwoWayParty.Refusal.tooLittle(balance: greedy.secondBalance, least: units(60))) {
            try bob.apply(.proposalArrived(scene.signed(greedy, by: .first), owed: .zero))
        }
        #expect(bob == before)
    }

    @Test(arguments: [state(0, 90, 60), state(3, 90, 61), state(3, 200, .max), state(1, 90, 60), state(1, 80, 70)])
    mutating func `sends states without a nonce, out of balance, or of no value (Hedgehog 7)`(
        proposal: TwoWayState
    ) throws {
        try pay(10)
        let before = bob
        #expect(throws: TwoWayParty.Refusal.self) {
            try bob.apply(.proposalArrived(scene.signed(proposal, by: .first), owed: units(1)))
        }
        #expect(bob == before)
    }

    @Test mutating func `shows a state of another channel with the same keys (Hedgehog 13)`() throws {
        let other = try Scene(first: 100, second: 50, salt: "other")
        let replayed = other.unverified(state(1, 40, 110), by: .alice)
        for key in [nil, try scene.signed(state(1, 40, 110), by: .first).signer] {
            #expect(
                replayed.verified(by: .first, key: key, under: scene.terms, of: scene.id, in: Scene.domain) == nil)
        }
    }

    @Test mutating func `counts past what a floating-point number can hold (Hedgehog 14)`() throws {
        let nonce = (1 << 53) as UInt64
        #expect(throws: TwoWayParty.Refusal.nonceLeap(nonce: nonce + 1, highest: 0)) {
            try bob.apply(.proposalArrived(scene.signed(state(nonce + 1, 90, 60), by: .first), owed: .zero))
        }
        // Step by step nothing is rounded, and one leap leaves more than enough for those after it.
        let leap = TwoWayParty.longestLeap - 1
        _ = try bob.apply(.proposalArrived(scene.signed(state(leap, 90, 60), by: .first), owed: units(10)))
        #expect(try bob.apply(.paymentAsked(units(1))) == [.propose(state(leap + 1, 91, 59))])
    }

    @Test mutating func `ends with an old state, and is answered (Stacks 2: nobody could answer; MicroSTX 5)`() throws {
        try pay(10)
        let old = try #require(bob.proof)
        try pay(30)
        try scene.send(
            .startClose(
                SignedTwoWayState(old.state, scene.both(old, by: .second)),
                Person.alice.sign(TwoWayContract.startCloseDigest(of: scene.id, at: 1, in: Scene.domain))))
        let effects = try bob.apply(.observed(scene.snapshot))
        #expect(effects == [.challenge(try #require(bob.proof))])
        for effect in effects + effects { try scene.send(try #require(scene.order(for: effect, of: .second))) }
        #expect(try bob.apply(.observed(scene.snapshot)) == [])
        scene.wait(seconds: 3600)
        #expect(try bob.apply(.observed(scene.snapshot)) == [.finalize])
        #expect(try scene.send(.finalize).map(\.amount) == [units(60), units(90)])
    }

    @Test mutating func `ends from the base, as if nobody had ever paid (MicroSTX 5: any split was believed)`() throws {
        try pay(10)
        let digest = TwoWayContract.startCloseDigest(of: scene.id, at: 0, in: Scene.domain)
        try scene.send(.startClose(nil, Person.alice.sign(digest)))
        let effect = try #require(try bob.apply(.observed(scene.snapshot)).first)
        try scene.send(try #require(scene.order(for: effect, of: .second)))
        #expect(scene.contract.phase == .closing(state(1, 90, 60), until: noon.advanced(bySeconds: 3600)))
    }

    @Test mutating func `goes back to a state from before money came back (Stacks 6: only one side signed)`() throws {
        try pay(40)
        let old = try #require(bob.proof)
        let refund = try #require(proposed(try bob.apply(.paymentAsked(units(25)))))
        _ = try alice.apply(.proposalArrived(scene.signed(refund, by: .second), owed: units(25)))
        // Bob keeps to the state in which he had more; Alice has the newer one with his signature.
        try scene.send(try #require(scene.order(for: .startClose(old, nonce: 1), of: .second)))
        let effect = try #require(try alice.apply(.observed(scene.snapshot)).first)
        try scene.send(try #require(scene.order(for: effect, of: .first)))
        scene.wait(seconds: 3600)
        #expect(try scene.send(.finalize).map(\.amount) == [units(85), units(65)])
    }

    @Test mutating func `sets balances that she alone signed (MicroSTX 3: no signatures at all)`() throws {
        let alone = Person.alice.sign(state(1, 150, 0).digest(of: scene.id, in: Scene.domain))
        let forged = SignedTwoWayState(state(1, 150, 0), TwoWaySignatures(first: alone, second: alone))
        let digest = TwoWayContract.startCloseDigest(of: scene.id, at: 1, in: Scene.domain)
        #expect(throws: TwoWayContract.Refusal.signature(of: scene.terms.second)) {
            try scene.send(.startClose(forged, Person.alice.sign(digest)))
        }
        let unverified = UnverifiedTwoWayPayment(state(1, 150, 0), signature: alone)
        #expect(unverified.verified(by: .second, under: scene.terms, of: scene.id, in: Scene.domain) == nil)
    }

    @Test mutating func `signs two states with one nonce`() throws {
        try pay(10)
        #expect(throws: TwoWayParty.Refusal.nonceTaken(1)) {
            try bob.apply(.proposalArrived(scene.signed(state(1, 50, 100), by: .first), owed: .zero))
        }
        #expect(bob.newest == state(1, 90, 60))
    }

    @Test mutating func `takes a payment, and keeps her signature to herself`() throws {
        try pay(10)
        let proposal = try #require(proposed(try alice.apply(.paymentAsked(units(30)))))
        _ = try bob.apply(.proposalArrived(scene.signed(proposal, by: .first), owed: units(30)))
        // Alice hears nothing, counts on the worst, and ends with what she has.
        #expect(alice.floor == units(60))
        let effect = try #require(try alice.apply(.endAsked).first)
        try scene.send(try #require(scene.order(for: effect, of: .first)))
        let answer = try #require(try bob.apply(.observed(scene.snapshot)).first)
        try scene.send(try #require(scene.order(for: answer, of: .second)))
        #expect(try alice.apply(.observed(scene.snapshot)) == [])
        #expect(alice.newest == proposal)
        #expect(alice.proposal == nil)
        scene.wait(seconds: 3600)
        #expect(try scene.send(.finalize).first?.amount == units(60), "no less than she signed")
    }

    @Test mutating func `meets a side with old books, and may hide from it what she likes`() throws {
        try pay(10)
        let backup = try TwoWayParty(stored: alice.stored)
        try pay(30)
        let newest = try #require(bob.proof)
        alice = backup
        // From its books alone it would sign another state with nonce 3. It is not countersigned, and brings nothing.
        var rash = backup
        let second = try #require(proposed(try rash.apply(.paymentAsked(units(5)))))
        #expect(throws: TwoWayParty.Refusal.nonceTaken(3)) {
            try bob.apply(.proposalArrived(scene.signed(second, by: .first), owed: .zero))
        }
        // What the other side says alone proves nothing; with its own signature beside it, it counts.
        let theirs = try scene.signed(newest.state, by: .second)
        #expect(throws: TwoWayParty.Refusal.unknownProposal(3)) { try alice.apply(.countersigned(theirs)) }
        _ = try alice.apply(.recalled(own: newest, theirs: theirs))
        #expect(alice.newest == state(3, 60, 90))
        #expect(try alice.apply(.recalled(own: newest, theirs: theirs)) == [])
        #expect(try alice.apply(.paymentAsked(units(1))) == [.propose(state(5, 59, 91))])
    }

    @Test mutating func `flips the last byte of a signature, to make it worthless for a contract`() throws {
        try pay(10)
        let good = try #require(bob.proof)
        let flipped = UnverifiedTwoWayPayment(
            state(3, 80, 70),
            signature: try {
                let signature = Person.alice.sign(state(3, 80, 70).digest(of: scene.id, in: Scene.domain))
                return try Signature(r: signature.r, s: signature.s, isOdd: !signature.isOdd)
            }())
        let payment = try #require(
            flipped.verified(by: .first, key: good.signer, under: scene.terms, of: scene.id, in: Scene.domain))
        _ = try bob.apply(.proposalArrived(payment, owed: units(10)))
        let effect = try #require(try bob.apply(.endAsked).first)
        try scene.send(try #require(scene.order(for: effect, of: .second)))
        #expect(scene.contract.phaseName == "closing")
    }
}
