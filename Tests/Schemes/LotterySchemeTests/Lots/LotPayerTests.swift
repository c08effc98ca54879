// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("The payer of a lot")
struct LotPayerTests {
    // MARK: - Giving out

    @Test func `gives out each ticket once, in order, and says when all are out`() throws {
        var scene = try LotScene(count: 3)
        let people = [Person.bob, LotScene.carol, Person.bob]
        for (index, person) in people.enumerated() {
            #expect(scene.alice.left == 3 - index)
            let ticket = try scene.alice.give(to: person.address, at: noon)
            #expect(ticket == LotTicket(index: UInt16(index), payee: person.address))
        }
        #expect(scene.alice.left == 0)
        #expect(scene.alice.tickets.map(\.payee) == people.map(\.address), "all can be sent again")
        refuse(.allGivenOut(count: 3), "all-given-out", scene)
    }

    @Test func `knows before it signs whose a ticket is, so that a crash gives none out twice`() throws {
        var scene = try LotScene()
        let ticket = try scene.alice.give(to: Person.bob.address, at: noon)
        var stored = try LotPayer(stored: scene.alice.stored)
        #expect(stored == scene.alice && stored.tickets == [ticket])
        #expect(try stored.give(to: LotScene.carol.address, at: noon).index == 1)
    }

    @Test func `goes on behind the tickets that the contract has, though its books are old`() throws {
        var scene = try LotScene()
        try scene.place.send(scene.enter(2, for: LotScene.carol))
        try scene.alice.observe(scene.place.snapshot)
        #expect(scene.alice.tickets == [LotTicket(index: 2, payee: LotScene.carol.address)])
        #expect(try scene.alice.give(to: Person.bob.address, at: noon).index == 3, "0 and 1 may be somebody's")
        try scene.place.send(scene.enter(0, for: LotScene.carol))
        try scene.alice.observe(scene.place.snapshot)
        #expect(scene.alice.tickets.map(\.index) == [0, 2, 3])
    }

    @Test func `believes no older reading than it has`() throws {
        var scene = try LotScene()
        let old = scene.place.snapshot
        try scene.pay()
        let before = scene.alice
        try scene.alice.observe(old)
        #expect(scene.alice == before)
    }

    // MARK: - Refusals

    @Test func `gives nothing out before the deposit was seen, nor when the lot takes no more`() throws {
        let fresh = try LotPayer(LotScene.terms(), secret: LotScene.secret, in: LotScene.domain)
        var scene = try LotScene(isFunded: false)
        refuse(.notOpen(phase: "unfunded"), "not-open", scene)
        scene.alice = fresh
        refuse(.notOpen(phase: "not known yet"), "not-open", scene)
        refuse(.notOpen(phase: "drawing"), "not-open", try .full())
    }

    @Test func `gives nothing out when a payee could not enter it in time`() throws {
        let scene = try LotScene()
        let end = noon.advanced(bySeconds: 86_400)
        var alice = scene.alice
        _ = try alice.give(to: Person.bob.address, at: end.advanced(bySeconds: -301))
        let late = end.advanced(bySeconds: -300)
        refuse(.ending(at: scene.terms.closesAt, now: late), "ending", scene, at: late)
    }

    @Test func `gives nothing to itself, or to nobody`() throws {
        let scene = try LotScene()
        for account in [Person.alice.address, Person.token, .zero] {
            refuse(.invalidPayee(account), "invalid-payee", scene, to: account)
        }
    }

    @Test func `opens no lot that nobody should open, or whose secret it does not have`() throws {
        let none = LotScene.terms(count: 0)
        #expect(throws: LotPayer.Refusal.terms(.ticketCount(0))) {
            try LotPayer(none, secret: LotScene.secret, in: LotScene.domain)
        }
        #expect(LotPayer.Refusal.terms(.zeroTicket).code == "lot-payer.terms")
        #expect(throws: LotPayer.Refusal.foreignSecret) {
            try LotPayer(LotScene.terms(), secret: hash("another"), in: LotScene.domain)
        }
        #expect(throws: LotPayer.Refusal.foreignSecret, "it was promised for another chain") {
            try LotPayer(LotScene.terms(), secret: LotScene.secret, in: LotScene.domain(on: 1))
        }
        #expect(LotPayer.Refusal.foreignSecret.code == "lot-payer.foreign-secret")
    }

    @Test func `believes nothing of another lot`() throws {
        var scene = try LotScene()
        let (before, other) = (scene.alice, try LotScene(salt: "another"))
        #expect(throws: LotPayer.Refusal.foreignLot) { try scene.alice.observe(other.place.snapshot) }
        #expect(scene.alice == before)
        #expect(LotPayer.Refusal.foreignLot.code == "lot-payer.foreign-lot")
    }

    private func refuse(
        _ refusal: LotPayer.Refusal, _ rule: String, _ scene: LotScene, to payee: Address = Person.bob.address,
        at now: Instant = noon, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var alice = scene.alice
        #expect(throws: refusal, sourceLocation: sourceLocation) { try alice.give(to: payee, at: now) }
        #expect(alice == scene.alice, sourceLocation: sourceLocation)
        #expect(refusal.code == "lot-payer.\(rule)", sourceLocation: sourceLocation)
        #expect(!refusal.message.isEmpty, sourceLocation: sourceLocation)
    }

    // MARK: - The contract

    @Test func `hands nothing in while tickets are taken, and closes the lot when that is over`() throws {
        var scene = try LotScene.halfFull()
        #expect(scene.alice.orders(at: scene.place.block) == [])
        let end = noon.advanced(bySeconds: 86_400)
        let height = scene.place.block.height
        #expect(scene.alice.orders(at: Block(height: height, time: end.advanced(bySeconds: -1))) == [])
        #expect(scene.alice.orders(at: Block(height: height, time: end)) == [.close])
        scene.place.wait(seconds: 86_400)
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        #expect(scene.alice.rest == units(20))
        #expect(scene.alice.orders(at: scene.place.block) == [.reveal(LotScene.secret)])
    }

    @Test func `has all back of a lot that nobody entered`() throws {
        var scene = try LotScene()
        scene.place.wait(seconds: 86_400)
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        #expect(scene.place.paid(to: Person.alice.address) == units(40))
        #expect(scene.alice.orders(at: scene.place.block) == [])
    }

    @Test func `reveals as long as its order would be in time, and never later`() throws {
        let scene = try LotScene.full()
        let deciding = scene.place.deciding
        #expect(deciding == scene.place.block.height + 21)
        for height in scene.place.block.height...deciding + 300 {
            let orders = scene.alice.orders(at: Block(height: height, time: noon))
            #expect(orders == (height + 4 < deciding ? [.reveal(LotScene.secret)] : []), "block \(height)")
        }
        // The last of these may wait for three blocks.
        for (height, isTaken) in [(deciding - 1, true), (deciding, false)] {
            var place = scene.place
            place.wait(until: height - 1)
            let answer = try? place.send(.reveal(LotScene.secret))
            #expect((answer != nil) == isTaken)
        }
    }

    @Test func `reveals once, and leaves a full lot to its payees`() throws {
        var scene = try LotScene.full()
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        #expect(scene.place.contract.secret == LotScene.secret)
        for height in scene.place.block.height...scene.place.deciding + 300 {
            #expect(scene.alice.orders(at: Block(height: height, time: noon)) == [])
        }
    }

    @Test(arguments: [true, false])
    func `has a lot drawn, or shared out, when a rest comes back then`(isRevealed: Bool) throws {
        var scene = try LotScene.halfFull()
        scene.place.wait(seconds: 86_400)
        try scene.carryOut([.close])
        if isRevealed { try scene.carryOut(scene.alice.orders(at: scene.place.block)) }
        let deciding = scene.place.deciding
        scene.place.wait(until: deciding - 2)
        #expect(scene.alice.orders(at: scene.place.block) == [])
        scene.place.wait(until: deciding)
        #expect(scene.alice.orders(at: scene.place.block) == [isRevealed ? .draw : .share])
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        #expect(scene.place.paid(to: Person.alice.address) == units(20))
    }

    @Test func `tells its secret to nobody who prints it`() throws {
        let alice = try LotScene().alice
        var dumped = ""
        dump(alice, to: &dumped)
        for text in ["\(alice)", String(reflecting: alice), dumped] {
            #expect(!text.contains(LotScene.secret.hex.dropFirst(2)))
        }
    }
}
