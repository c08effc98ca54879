// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

/// Each thing that would make a ticket worth nothing, alone: all else is as in a ticket that is taken.
@Suite("What a payee of a lot refuses")
struct LotPayeeRefusalTests {
    @Test func `a signature that is not the payer's`() throws {
        let scene = try LotScene()
        let forged = scene.signed(LotTicket(index: 0, payee: Person.bob.address), by: .mallory)
        #expect(throws: LotPayee.Refusal.ticketSignature) { try forged.verified(in: LotScene.domain) }
        #expect(LotPayee.Refusal.ticketSignature.code == "lot-payee.ticket-signature")
    }

    @Test func `a ticket for another payee`() throws {
        let scene = try LotScene()
        let carol = LotScene.carol
        try refuse(.foreignPayee(carol.address), "foreign-payee", scene, scene.payment(0, for: carol))
    }

    @Test func `a ticket beyond the lot's last`() throws {
        let scene = try LotScene()
        try refuse(.beyondEnd(index: 4, count: 4), "beyond-end", scene, scene.payment(4))
        var other = scene
        _ = try other.take(other.payment(3))
    }

    @Test func `a ticket that it has`() throws {
        var scene = try LotScene()
        _ = try scene.take(scene.payment(0))
        try refuse(.takenBefore(index: 0), "taken-before", scene, scene.payment(0))
    }

    @Test func `a ticket that another payee has entered`() throws {
        var scene = try LotScene()
        try scene.place.send(scene.enter(0, for: LotScene.carol))
        try refuse(.taken(index: 0), "taken", scene, scene.payment(0))
    }

    @Test func `a lot in which nothing was deposited`() throws {
        let scene = try LotScene(isFunded: false)
        try refuse(.notFunded, "not-funded", scene, scene.payment(0))
    }

    @Test func `a lot that is drawn, or closed`() throws {
        var scene = try LotScene(count: 1)
        try scene.place.send(scene.enter(0, for: LotScene.carol))
        try refuse(.notOpen(phase: "drawing"), "not-open", scene, scene.payment(0))
        scene.place.wait(until: scene.place.deciding)
        try scene.place.send(.share)
        try refuse(.notOpen(phase: "closed"), "not-open", scene, scene.payment(0))
    }

    @Test func `a lot that is over, or so soon that the ticket might be late`() throws {
        let scene = try LotScene()
        let end = noon.advanced(bySeconds: 86_400)
        var bob = scene.bob
        let early = end.advanced(bySeconds: -301)
        _ = try bob.take(
            scene.payment(0), for: units(10), under: LotScene.policy, in: scene.place.snapshot, at: early)
        for now in [end.advanced(bySeconds: -300), end, end.advanced(bySeconds: 9)] {
            let refusal = LotPayee.Refusal.ending(at: scene.terms.closesAt, now: now, margin: 300)
            try refuse(refusal, "ending", scene, scene.payment(0), at: now)
        }
    }

    @Test func `a lot that is over by the clock of its blocks, whatever ours says`() throws {
        var scene = try LotScene()
        scene.place.wait(seconds: 86_100)
        let refusal = LotPayee.Refusal.ending(at: scene.terms.closesAt, now: noon, margin: 300)
        try refuse(refusal, "ending", scene, scene.payment(0), at: noon)
    }

    @Test func `a lot that is open for too long`() throws {
        let scene = try LotScene()
        let refusal = LotPayee.Refusal.tooLong(seconds: 86_400, longest: 86_399)
        try refuse(refusal, "too-long", scene, scene.payment(0)) { $0.longestWait = 86_399 }
    }

    @Test func `a lot in another token`() throws {
        let scene = try LotScene()
        try refuse(.foreignToken(Person.token), "foreign-token", scene, scene.payment(0)) {
            $0.token = Person.mallory.address
        }
    }

    @Test func `a lot of too many tickets`() throws {
        let scene = try LotScene()
        try refuse(.tooManyTickets(count: 4, most: 3), "too-many-tickets", scene, scene.payment(0)) {
            $0.mostTickets = 3
        }
    }

    @Test func `a lot that is worth more than a block's maker may be tempted by`() throws {
        let scene = try LotScene()
        try refuse(.tooMuchValue(units(40), most: units(39)), "too-much-value", scene, scene.payment(0)) {
            $0.mostValue = units(39)
        }
    }

    @Test func `a lot whose payer has too few blocks to reveal in`() throws {
        let scene = try LotScene()
        try refuse(.shortReveal(blocks: 20, least: 21), "short-reveal", scene, scene.payment(0)) {
            $0.leastRevealBlocks = 21
        }
    }

    @Test func `a ticket that is worth less than the price`() throws {
        let scene = try LotScene()
        try refuse(
            .tooLittle(worth: units(10), price: units(11)), "too-little", scene, scene.payment(0), price: 11)
    }

    @Test func `a lot of its own, or one that nobody should open`() throws {
        #expect(throws: LotPayee.Refusal.ownLot) {
            try LotPayee(LotScene.terms(), payee: Person.alice.address, in: LotScene.domain)
        }
        #expect(throws: LotPayee.Refusal.terms(.revealBlocks(9))) {
            try LotPayee(
                LotScene.terms { $0.revealBlocks = 9 }, payee: Person.bob.address, in: LotScene.domain)
        }
        #expect(LotPayee.Refusal.ownLot.code == "lot-payee.own-lot")
        #expect(LotPayee.Refusal.terms(.zeroTicket).code == "lot-payee.terms")
    }

    @Test func `a ticket of another lot, and what is read of one`() throws {
        let (scene, other) = (try LotScene(), try LotScene(salt: "another"))
        try refuse(.foreignLot, "foreign-lot", scene, other.payment(0))
        var bob = scene.bob
        #expect(throws: LotPayee.Refusal.foreignLot) { try bob.observe(other.place.snapshot) }
        #expect(throws: LotPayee.Refusal.foreignLot) {
            try bob.take(
                scene.payment(0), for: units(10), under: LotScene.policy, in: other.place.snapshot, at: noon)
        }
        #expect(bob == scene.bob)
    }

    @Test func `a payout before the end, or one that the lot cannot have made`() throws {
        var scene = try LotScene.full()
        #expect(throws: LotPayee.Refusal.notOver(phase: "drawing")) { try scene.bob.paidOut(units(20)) }
        #expect(LotPayee.Refusal.notOver(phase: "open").code == "lot-payee.not-over")
        scene.place.wait(until: scene.place.deciding)
        try scene.carryOut([.share])
        // Nothing was revealed, so nobody can have won or lost.
        for amount in [0, 10, 40] as [UInt128] {
            let refusal = LotPayee.Refusal.unknownPayout(units(amount), shares: units(20), prize: units(40))
            #expect(throws: refusal) { try scene.bob.paidOut(units(amount)) }
            #expect(refusal.code == "lot-payee.unknown-payout")
        }
        #expect(scene.bob.paid == nil)
        try scene.tellBob()
    }

    private func refuse(
        _ refusal: LotPayee.Refusal, _ rule: String, _ scene: LotScene, _ payment: LotPayment, price: UInt128 = 10,
        at now: Instant? = nil, sourceLocation: SourceLocation = #_sourceLocation,
        change: (inout LotPayee.Policy) -> Void = { _ in }
    ) throws {
        var (bob, policy) = (scene.bob, LotScene.policy)
        change(&policy)
        let snapshot = scene.place.snapshot
        #expect(throws: refusal, sourceLocation: sourceLocation) {
            try bob.take(payment, for: units(price), under: policy, in: snapshot, at: now ?? snapshot.block.time)
        }
        #expect(bob == scene.bob, "a refusal changes nothing", sourceLocation: sourceLocation)
        #expect(refusal.code == "lot-payee.\(rule)", sourceLocation: sourceLocation)
        #expect(!refusal.message.isEmpty, sourceLocation: sourceLocation)
    }
}
