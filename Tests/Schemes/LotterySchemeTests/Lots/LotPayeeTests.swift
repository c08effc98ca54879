// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A payee of a lot")
struct LotPayeeTests {
    // MARK: - Tickets

    @Test func `has earned a ticket when the contract has it, and not before`() throws {
        var scene = try LotScene()
        let payment = try scene.payment(0)
        let order = try scene.take(payment)
        #expect(order == .enter(payment.ticket, signature: payment.signature))
        #expect(scene.bob.earned == .zero && scene.bob.pending == units(10))
        #expect(scene.bob.orders(at: scene.place.block) == [order], "until it is seen to be in")
        try scene.place.send(order)
        #expect(scene.bob.earned == .zero, "nobody has looked")
        try scene.observe()
        #expect(scene.bob.earned == units(10) && scene.bob.pending == .zero && scene.bob.prize == units(10))
        #expect(scene.bob.orders(at: scene.place.block) == [])
    }

    @Test func `enters a ticket again that a chain has taken back`() throws {
        var scene = try LotScene()
        let before = scene.place
        let order = try scene.take(scene.payment(0))
        try scene.place.send(order)
        try scene.observe()
        scene.place = before
        scene.place.wait(blocks: 2)
        try scene.observe()
        #expect(scene.bob.earned == .zero && scene.bob.pending == units(10))
        #expect(scene.bob.orders(at: scene.place.block) == [order])
    }

    @Test func `believes no older reading than it has`() throws {
        var scene = try LotScene()
        let old = scene.place.snapshot
        try scene.pay()
        try scene.bob.observe(old)
        #expect(scene.bob.earned == units(10))
    }

    @Test func `enters nothing any more when the time is over, or the lot is full`() throws {
        var scene = try LotScene()
        _ = try scene.take(scene.payment(0))
        let end = noon.advanced(bySeconds: 86_400)
        #expect(scene.bob.orders(at: Block(height: 0, time: end.advanced(bySeconds: -1))).count == 1)
        #expect(scene.bob.orders(at: Block(height: 0, time: end)) == [], "nor closes it, having nothing in it")
        try scene.place.send(scene.enter(1, for: LotScene.carol))
        scene.place.wait(seconds: 86_400)
        try scene.carryOut([.close])
        #expect(scene.bob.held.map(\.fate) == [.worthless])
        #expect(scene.bob.orders(at: scene.place.block) == [])
    }

    @Test func `is told of its tickets by the contract when its books are lost`() throws {
        var scene = try LotScene.full()
        scene.bob = try LotPayee(scene.terms, payee: Person.bob.address, in: LotScene.domain)
        #expect(scene.bob.earned == .zero)
        try scene.observe()
        #expect(scene.bob.held.map(\.index) == [0, 2])
        #expect(scene.bob.earned == units(20))
    }

    // MARK: - The end

    @Test func `closes a lot that is over`() throws {
        var scene = try LotScene.halfFull()
        scene.place.wait(seconds: 86_399)
        #expect(scene.bob.orders(at: scene.place.block) == [])
        scene.place.wait(seconds: 1)
        #expect(scene.bob.orders(at: scene.place.block) == [.close])
        try scene.carryOut(scene.bob.orders(at: scene.place.block))
        #expect(scene.place.contract.awaitedBlock != nil)
    }

    @Test func `has a lot drawn as soon as the deciding block is there, and is told what it won`() throws {
        var outcomes: Set<LotPayee.Outcome> = []
        for round in 0..<12 {
            let secret = hash("secret \(round)")
            var scene = try LotScene.full(secret: secret, salt: "round \(round)")
            try scene.carryOut(scene.alice.orders(at: scene.place.block))
            scene.place.wait(until: scene.place.deciding - 1)
            #expect(scene.bob.orders(at: scene.place.block) == [])
            scene.place.wait()
            let deciding = scene.place.deciding
            #expect(scene.bob.orders(at: scene.place.block) == [.draw])
            try scene.carryOut(scene.bob.orders(at: scene.place.block))
            #expect(scene.bob.outcome == nil, "the contract does not say who won")
            try scene.tellBob()
            let place = LotDraw.place(secret: secret, blockHash: PlayedLot.hash(of: deciding), among: 4) ?? 0
            #expect(scene.bob.outcome == (place % 2 == 0 ? .won(units(40)) : .lost))
            #expect(scene.bob.orders(at: scene.place.block) == [])
            outcomes.formUnion([scene.bob.outcome].compactMap { $0 })
        }
        #expect(outcomes == [.won(units(40)), .lost], "the test has seen too little")
    }

    @Test func `has a lot shared out when the payer was silent`() throws {
        var scene = try LotScene.full()
        scene.place.wait(until: scene.place.deciding - 2)
        #expect(scene.bob.orders(at: scene.place.block) == [], "the payer may still reveal")
        scene.place.wait()
        #expect(scene.bob.orders(at: scene.place.block) == [.share])
        try scene.carryOut(scene.bob.orders(at: scene.place.block))
        #expect(scene.bob.outcome == .shared(units(20)), "it follows from the silence")
        #expect(scene.place.paid(to: Person.bob.address) == units(20))
    }

    @Test(arguments: [(blockSeconds: 0, isDrawn: false), (1, true)] as [(UInt64, Bool)])
    func `has a lot drawn still, or shared out, when the blocks to draw in are over`(
        blockSeconds: UInt64, isDrawn: Bool
    ) throws {
        var scene = try LotScene.full(blockSeconds: blockSeconds)
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        let deciding = scene.place.deciding
        scene.place.wait(until: deciding + 199)
        #expect(scene.bob.orders(at: scene.place.block) == [.draw])
        scene.place.wait()
        let orders = scene.bob.orders(at: scene.place.block)
        #expect(orders == [.draw, .share])
        // On a chain the blocks count; on a ledger, where they were made in no time, it may be drawn still.
        #expect(((try? scene.place.send(.draw)) != nil) == isDrawn)
        try scene.carryOut([.share])
        try scene.tellBob()
        #expect((scene.bob.outcome == .shared(units(20))) == !isDrawn)
        #expect(scene.place.contract.phase == .closed)
    }

    @Test func `asks for its share until it is told that it was paid`() throws {
        var scene = try LotScene.full()
        scene.place.wait(until: scene.place.deciding)
        try scene.carryOut([.share])
        for _ in 0..<2 {
            #expect(scene.bob.orders(at: scene.place.block) == [.share], "a stranger may have begun to share it out")
            try scene.carryOut(scene.bob.orders(at: scene.place.block))
        }
        #expect(scene.place.paid(to: Person.bob.address) == units(20), "it does nothing twice")
        try scene.tellBob()
        #expect(scene.bob.orders(at: scene.place.block) == [])
    }

    @Test func `knows that it won when nobody else has tickets in`() throws {
        var scene = try LotScene(count: 1)
        try scene.pay()
        try scene.carryOut(scene.alice.orders(at: scene.place.block))
        scene.place.wait(until: scene.place.deciding)
        try scene.carryOut(scene.bob.orders(at: scene.place.block))
        #expect(scene.bob.outcome == .won(units(10)))
    }

    @Test func `forgets what it was paid when a chain takes the end back`() throws {
        var scene = try LotScene.full()
        scene.place.wait(until: scene.place.deciding)
        let before = scene.place
        try scene.carryOut([.share])
        try scene.tellBob()
        scene.place = before
        scene.place.wait(blocks: 3)
        try scene.observe()
        #expect(scene.bob.paid == nil && scene.bob.outcome == nil)
        #expect(scene.bob.orders(at: scene.place.block) == [.share])
    }
}
