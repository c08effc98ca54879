// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("Attacks on the sides of a lot")
struct LotAttackTests {
    @Test func `one index signed for two payees has been earned by one of them`() throws {
        var scene = try LotScene()
        var carol = try LotPayee(scene.terms, payee: LotScene.carol.address, in: LotScene.domain)
        let hers = try carol.take(
            scene.payment(0, for: LotScene.carol), for: units(10), under: LotScene.policy, in: scene.place.snapshot,
            at: noon)
        let his = try scene.take(scene.payment(0))
        try scene.place.send(hers)
        #expect(throws: LotContract.Refusal.taken(index: 0)) { try scene.place.send(his) }
        try scene.observe()
        try carol.observe(scene.place.snapshot)
        #expect(carol.earned == units(10))
        #expect(scene.bob.earned == .zero && scene.bob.pending == .zero)
        #expect(scene.bob.held.map(\.fate) == [.worthless])
        #expect(scene.bob.orders(at: scene.place.block) == [])
        // Bob served nothing for it, and does not take it as a payment for the next thing either.
        #expect(throws: LotPayee.Refusal.takenBefore(index: 0)) { try scene.take(scene.payment(0)) }
        scene.place.wait(seconds: 86_400)
        try scene.carryOut([.close])
        #expect(scene.bob.orders(at: scene.place.block) == [], "nothing in the lot is his")
    }

    @Test func `a ticket that was taken pays for nothing else, even after the books were lost`() throws {
        var scene = try LotScene()
        try scene.pay()
        #expect(throws: LotPayee.Refusal.takenBefore(index: 0)) { try scene.take(scene.payment(0)) }
        scene.bob = try LotPayee(scene.terms, payee: Person.bob.address, in: LotScene.domain)
        let fresh = scene.bob
        #expect(throws: LotPayee.Refusal.takenBefore(index: 0)) { try scene.take(scene.payment(0)) }
        #expect(scene.bob == fresh)
    }

    @Test func `a ticket of the same lot on another chain is nobody's here`() throws {
        let scene = try LotScene()
        let elsewhere = LotScene.domain(on: 1)
        let ticket = LotTicket(index: 0, payee: Person.bob.address)
        let digest = ticket.digest(for: scene.terms.channelID(in: elsewhere), in: elsewhere)
        let signed = UnverifiedLotPayment(
            terms: scene.terms, ticket: ticket, signature: Person.alice.sign(digest))
        #expect(throws: LotPayee.Refusal.ticketSignature) { try signed.verified(in: LotScene.domain) }
        // It is right there, but there it is of another lot.
        let payment = try signed.verified(in: elsewhere)
        var bob = scene.bob
        #expect(throws: LotPayee.Refusal.foreignLot) {
            try bob.take(
                payment, for: units(10), under: LotScene.policy, in: scene.place.snapshot, at: noon)
        }
    }

    @Test func `a signature for one index or payee is good for no other`() throws {
        let scene = try LotScene()
        let signed = scene.signed(LotTicket(index: 0, payee: Person.bob.address))
        for ticket in [
            LotTicket(index: 1, payee: Person.bob.address), LotTicket(index: 0, payee: Person.mallory.address),
        ] {
            var moved = signed
            moved.ticket = ticket
            #expect(throws: LotPayee.Refusal.ticketSignature) { try moved.verified(in: LotScene.domain) }
        }
        var better = signed
        better.terms.ticketValue = units(1000)
        #expect(throws: LotPayee.Refusal.ticketSignature) { try better.verified(in: LotScene.domain) }
    }

    /// Friends have three of four tickets, and the payer says its secret only when it likes who would win.
    @Test func `a payer that waits for the deciding block pays each ticket what it is worth`() throws {
        for round in 0..<8 {
            let secret = hash("secret \(round)")
            var scene = try Self.crowded(secret: secret, salt: "round \(round)")
            let deciding = scene.place.deciding
            scene.place.wait(until: deciding)
            let place = LotDraw.place(secret: secret, blockHash: PlayedLot.hash(of: deciding), among: 4)
            if place != 0 {
                #expect(throws: LotContract.Refusal.tooLate(since: deciding, block: deciding + 1)) {
                    try scene.place.send(.reveal(secret))
                }
            }
            try scene.carryOut(scene.bob.orders(at: scene.place.block))
            #expect(scene.bob.outcome == .shared(units(10)))
            #expect(scene.place.paid(to: Person.bob.address) == units(10))
        }
    }

    /// However many tickets friends have, Bob's one wins as often as one should.
    @Test func `a payer that fills the lot with friends wins no more than their tickets are worth`() throws {
        var (won, captured) = (0, UInt128(0))
        let rounds = 200
        for round in 0..<rounds {
            let secret = hash("secret \(round)")
            var scene = try Self.crowded(secret: secret, salt: "round \(round)")
            try scene.carryOut([.reveal(secret)])
            scene.place.wait(until: scene.place.deciding)
            try scene.carryOut(scene.bob.orders(at: scene.place.block))
            try scene.tellBob()
            if case .won = scene.bob.outcome { won += 1 }
            captured += scene.place.paid(to: Person.bob.address).units
        }
        // Fifty on average; the standard deviation is about six.
        #expect((20...80).contains(won), "\(won) of \(rounds)")
        #expect(captured == 40 * UInt128(won))
    }

    /// Bob has the first ticket, and friends of Alice's the other three.
    private static func crowded(secret: Hash32, salt: String) throws -> LotScene {
        var scene = try LotScene(secret: secret, salt: salt)
        try scene.pay()
        for index in [1, 2, 3] as [UInt16] {
            try scene.place.send(scene.enter(index, for: Person("friend \(index)")))
        }
        try scene.observe()
        return scene
    }
}
