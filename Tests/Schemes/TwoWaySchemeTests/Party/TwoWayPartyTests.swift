// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("Two sides that sign balances")
struct TwoWayPartyTests {
    var scene: Scene
    var alice: TwoWayParty
    var bob: TwoWayParty

    init() throws {
        scene = try Scene(first: 100, second: 50)
        alice = scene.party(.first)
        bob = scene.party(.second)
    }

    /// One side gives, the other countersigns, and hears of it.
    private mutating func pay(_ amount: UInt128, from side: TwoWaySide, owed: UInt128? = nil) throws {
        if side == .first {
            let proposal = try #require(proposed(try alice.apply(.paymentAsked(units(amount)))))
            let payment = try scene.signed(proposal, by: .first)
            #expect(
                try bob.apply(.proposalArrived(payment, owed: units(owed ?? amount))) == [.countersign(proposal)])
            #expect(try alice.apply(.countersigned(scene.signed(proposal, by: .second))) == [])
        } else {
            let proposal = try #require(proposed(try bob.apply(.paymentAsked(units(amount)))))
            let payment = try scene.signed(proposal, by: .second)
            #expect(
                try alice.apply(.proposalArrived(payment, owed: units(owed ?? amount))) == [.countersign(proposal)])
            #expect(try bob.apply(.countersigned(scene.signed(proposal, by: .first))) == [])
        }
    }

    @Test mutating func `pay each other, with odd nonces and even ones`() throws {
        try pay(10, from: .first)
        #expect(alice.newest == state(1, 90, 60))
        try pay(5, from: .first)
        #expect(alice.newest == state(3, 85, 65))
        try pay(20, from: .second)
        #expect(alice.newest == state(4, 105, 45))
        try pay(1, from: .first)
        #expect(alice.newest == state(5, 104, 46))
        #expect(bob.newest == alice.newest)
        #expect(alice.floor == units(104))
        // Both can end with it.
        for (party, side) in [(alice, TwoWaySide.first), (bob, .second)] {
            var (party, scene) = (party, scene)
            let effect = try #require(try party.apply(.endAsked).first)
            try scene.send(try #require(scene.order(for: effect, of: side)))
            #expect(scene.contract.phaseName == "closing")
        }
    }

    @Test mutating func `send the same again when the answer is lost, or more that includes it`() throws {
        let first = try alice.apply(.paymentAsked(units(10)))
        #expect(try alice.apply(.paymentAsked(.zero)) == first)
        let more = try alice.apply(.paymentAsked(units(5)))
        #expect(more == [.propose(state(3, 85, 65))])
        #expect(alice.floor == units(85), "the worst of what was signed")
        // Bob has seen the first only, and its answer is lost.
        let (one, three) = (
            try scene.signed(state(1, 90, 60), by: .first), try scene.signed(state(3, 85, 65), by: .first)
        )
        _ = try bob.apply(.proposalArrived(one, owed: units(10)))
        #expect(try bob.apply(.proposalArrived(one, owed: .zero)) == [.countersign(state(1, 90, 60))])
        _ = try bob.apply(.proposalArrived(three, owed: units(5)))
        let answer = try scene.signed(state(3, 85, 65), by: .second)
        _ = try alice.apply(.countersigned(answer))
        #expect(try alice.apply(.countersigned(answer)) == [])
        #expect(alice.newest == bob.newest)
        #expect(try alice.apply(.paymentAsked(.zero)) == [.propose(state(3, 85, 65))], "nothing new is signed")
    }

    // MARK: - Two proposals at once

    @Test mutating func `have the lower proposal yield: Alice's, when Bob's has the higher nonce`() throws {
        let hers = try #require(proposed(try alice.apply(.paymentAsked(units(10)))))
        let his = try #require(proposed(try bob.apply(.paymentAsked(units(20)))))
        #expect((hers, his) == (state(1, 90, 60), state(2, 120, 30)))
        // Her payment arrives: he waits. His arrives: she yields.
        let before = bob
        #expect(throws: TwoWayParty.Refusal.busy(nonce: 2)) {
            try bob.apply(.proposalArrived(scene.signed(hers, by: .first), owed: .zero))
        }
        #expect(bob == before)
        #expect(
            try alice.apply(.proposalArrived(scene.signed(his, by: .second), owed: units(20))) == [.countersign(his)])
        #expect(alice.proposal == nil)
        _ = try bob.apply(.countersigned(scene.signed(his, by: .first)))
        // She gives the ten on top, with a nonce above all.
        try pay(10, from: .first)
        #expect(bob.newest == state(3, 110, 40))
        // What she dropped is void.
        #expect(throws: TwoWayParty.Refusal.stale(nonce: 1, newest: 3)) {
            try bob.apply(.proposalArrived(scene.signed(hers, by: .first), owed: .zero))
        }
    }

    @Test mutating func `have the lower proposal yield: Bob's, when Alice's has the higher nonce`() throws {
        let his = try #require(proposed(try bob.apply(.paymentAsked(units(20)))))
        _ = try alice.apply(.paymentAsked(units(4)))
        let hers = try #require(proposed(try alice.apply(.paymentAsked(units(6)))))
        #expect((his, hers) == (state(2, 120, 30), state(3, 90, 60)))
        #expect(throws: TwoWayParty.Refusal.busy(nonce: 3)) {
            try alice.apply(.proposalArrived(scene.signed(his, by: .second), owed: .zero))
        }
        #expect(
            try bob.apply(.proposalArrived(scene.signed(hers, by: .first), owed: units(10))) == [.countersign(hers)])
        #expect(bob.proposal == nil)
        _ = try alice.apply(.countersigned(scene.signed(hers, by: .second)))
        try pay(20, from: .second)
        #expect(alice.newest == state(4, 110, 40))
    }

    @Test mutating func `believe a proposal that includes their own, whose answer was lost`() throws {
        let hers = try #require(proposed(try alice.apply(.paymentAsked(units(10)))))
        _ = try bob.apply(.proposalArrived(scene.signed(hers, by: .first), owed: units(10)))
        let his = try #require(proposed(try bob.apply(.paymentAsked(units(3)))))
        #expect(his == state(2, 93, 57))
        _ = try alice.apply(.proposalArrived(scene.signed(his, by: .second), owed: units(3)))
        #expect(alice.newest == his)
        #expect(alice.proposal == nil)
    }

    @Test mutating func `do not yield to what leaves them less than they signed`() throws {
        _ = try alice.apply(.paymentAsked(units(10)))
        let worse = try scene.signed(state(2, 89, 61), by: .second)
        #expect(throws: TwoWayParty.Refusal.tooLittle(balance: units(89), least: units(90))) {
            try alice.apply(.proposalArrived(worse, owed: .zero))
        }
        // It goes above the one that it refused, and Bob yields.
        #expect(try alice.apply(.paymentAsked(.zero, above: 2)) == [.propose(state(3, 90, 60))])
        _ = try bob.apply(.paymentAsked(units(1)))
        _ = try bob.apply(.proposalArrived(scene.signed(state(3, 90, 60), by: .first), owed: units(10)))
        #expect(bob.newest == state(3, 90, 60))
    }

    // MARK: - Closing and resizing

    @Test mutating func `end together, and sign no state after it`() throws {
        try pay(10, from: .first)
        let end = state(1, 95, 55)
        #expect(try alice.apply(.closeAsked(end)) == [.signClose(end)])
        let asked = try scene.signed(end, by: .first, isClose: true)
        #expect(throws: TwoWayParty.Refusal.tooLittle(balance: units(55), least: units(56))) {
            try bob.apply(.closeArrived(asked, least: units(56)))
        }
        let effects = try bob.apply(.closeArrived(asked, least: units(55)))
        #expect(effects == [.closeTogether(asked)])
        #expect(try bob.apply(.closeArrived(asked, least: units(55))) == effects)
        for refusal in [
            #expect(throws: TwoWayParty.Refusal.self) { try alice.apply(.paymentAsked(units(1))) },
            #expect(throws: TwoWayParty.Refusal.self) {
                try bob.apply(.proposalArrived(scene.signed(state(3, 80, 70), by: .first), owed: .zero))
            },
        ] {
            #expect(refusal == .notOpen(phase: "closing"))
        }
        try scene.send(try #require(scene.order(for: effects[0], of: .second)))
        _ = try alice.apply(.observed(scene.snapshot))
        #expect(alice.standing == .closed)
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "closed")) { try alice.apply(.closeAsked(end)) }
    }

    @Test mutating func `sign nothing after a resize, until it is carried out`() throws {
        try pay(10, from: .first)
        try scene.topUp(30, by: .second)
        let resize = TwoWayResize(to: state(2, 80, 90), firstWithdrawal: units(10))
        #expect(throws: TwoWayParty.Refusal.tooLittle(balance: units(90), least: units(91))) {
            try bob.apply(.resizeAgreed(resize, least: units(91)))
        }
        #expect(try bob.apply(.resizeAgreed(resize, least: units(90))) == [.signResize(resize)])
        #expect(try bob.apply(.resizeAgreed(resize, least: units(90))) == [.signResize(resize)])
        _ = try alice.apply(.resizeAgreed(resize, least: units(90)))
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "resizing")) { try alice.apply(.paymentAsked(units(1))) }
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "resizing")) {
            try bob.apply(.closeAsked(state(2, 75, 75)))
        }
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "resizing")) {
            try bob.apply(.proposalArrived(scene.signed(state(3, 80, 70), by: .first), owed: .zero))
        }
        let digest = resize.digest(of: scene.id, in: Scene.domain)
        try scene.send(
            .resize(resize, TwoWaySignatures(first: Person.alice.sign(digest), second: Person.bob.sign(digest))))
        for snapshot in [scene.snapshot, scene.snapshot] {
            _ = try alice.apply(.observed(snapshot))
            _ = try bob.apply(.observed(snapshot))
        }
        #expect(alice.newest == state(2, 80, 90))
        try pay(5, from: .first)
        #expect(bob.newest == state(3, 75, 95))
        #expect(try TwoWayParty(stored: bob.stored) == bob)
    }

    @Test mutating func `go on when a deposit makes the resize void`() throws {
        let resize = TwoWayResize(to: state(2, 100, 50))
        _ = try alice.apply(.resizeAgreed(resize, least: units(100)))
        #expect(try TwoWayParty(stored: alice.stored) == alice)
        _ = try alice.apply(.observed(scene.snapshot))
        #expect(alice.pledge == .resize(resize))
        try scene.topUp(1, by: .second)
        scene.wait(seconds: 1)
        _ = try alice.apply(.observed(scene.snapshot))
        #expect(alice.isOpen)
    }

    @Test mutating func `resize to nothing while a proposal is out, nor below what was signed`() throws {
        try pay(10, from: .first)
        #expect(throws: TwoWayParty.Refusal.stale(nonce: 1, newest: 1)) {
            try bob.apply(.resizeAgreed(TwoWayResize(to: state(1, 100, 50)), least: .zero))
        }
        #expect(throws: TwoWayParty.Refusal.sumMismatch(sum: units(149), needed: units(150))) {
            try bob.apply(.resizeAgreed(TwoWayResize(to: state(2, 100, 49)), least: .zero))
        }
        _ = try bob.apply(.paymentAsked(units(1)))
        #expect(throws: TwoWayParty.Refusal.busy(nonce: 2)) {
            try bob.apply(.resizeAgreed(TwoWayResize(to: state(4, 100, 50)), least: .zero))
        }
    }

    // MARK: - Refusals

    @Test(arguments: [
        (state(2, 90, 60), "two-way-party.wrong-nonce"), (state(0, 90, 60), "two-way-party.nonce-taken"),
        (state(1, 90, 61), "two-way-party.sum-mismatch"), (state(1, .max, 60), "two-way-party.sum-mismatch"),
        (state(1, 101, 49), "two-way-party.too-little"), (state(1, 96, 54), "two-way-party.too-little"),
        (state((1 << 32) + 1, 90, 60), "two-way-party.nonce-leap"), (state(.max, 90, 60), "two-way-party.nonce-leap"),
    ])
    mutating func `sign nothing blindly`(proposal: TwoWayState, code: String) throws {
        let before = bob
        let refusal = #expect(throws: TwoWayParty.Refusal.self) {
            try bob.apply(.proposalArrived(scene.signed(proposal, by: .first), owed: units(5)))
        }
        #expect(refusal?.code == code)
        #expect(bob == before)
    }

    @Test mutating func `believe no signature of the wrong side, or over something else`() throws {
        let own = try scene.signed(state(1, 90, 60), by: .second)
        let close = try scene.signed(state(1, 90, 60), by: .first, isClose: true)
        for event in [
            .proposalArrived(own, owed: .zero), .proposalArrived(close, owed: .zero), .countersigned(own),
            .closeArrived(own, least: .zero), .recalled(own: own, theirs: close),
        ] as [TwoWayParty.Event] {
            #expect(throws: TwoWayParty.Refusal.foreign) { try bob.apply(event) }
        }
        #expect(throws: TwoWayParty.Refusal.unknownProposal(1)) {
            try bob.apply(.countersigned(scene.signed(state(1, 90, 60), by: .first)))
        }
    }

    @Test mutating func `give no more than they have`() throws {
        #expect(throws: TwoWayParty.Refusal.exceedsBalance(amount: units(51), balance: units(50))) {
            try bob.apply(.paymentAsked(units(51)))
        }
        _ = try bob.apply(.paymentAsked(units(50)))
        #expect(throws: TwoWayParty.Refusal.exceedsBalance(amount: units(1), balance: .zero)) {
            try bob.apply(.paymentAsked(units(1)))
        }
    }

    @Test mutating func `sign nothing while the channel opens`() throws {
        var contract = TwoWayContract(scene.terms)
        let context = ContractContext(domain: Scene.domain, channel: scene.id, block: scene.block)
        _ = try contract.fund(units(100), by: scene.terms.first, in: context)
        var party = TwoWayParty(.first, ledger: ContractSnapshot(state: contract, block: scene.block))
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "opening")) { try party.apply(.paymentAsked(units(1))) }
        #expect(throws: TwoWayParty.Refusal.notOpen(phase: "opening")) { try party.apply(.endAsked) }
        _ = try party.apply(.observed(scene.snapshot))
        #expect(party.isOpen)
    }
}

/// The state that a side wants to be signed and sent.
func proposed(_ effects: [TwoWayParty.Effect]) -> TwoWayState? {
    guard case .propose(let state)? = effects.first else { return nil }
    return state
}
