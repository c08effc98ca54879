// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingMerkleTokenScheme
import FarthingPrimitives
import Testing

@Suite("A payee's view of a Merkle-token channel")
struct MerkleTokenChannelTests {
    @Test func `takes tokens, keeps each, serves and charges`() throws {
        var scene = try Scene()
        let id = scene.request()
        let payment = try scene.payment(0..<2)
        let effects = try scene.bob.apply(.paymentArrived(payment, for: scene.reservation(id, 5), at: noon))
        #expect(effects.map(\.token.index) == [5, 6])
        #expect(effects.map(\.total) == [units(3), units(6)])
        #expect(scene.bob.purse.authorised == units(6))
        _ = try scene.bob.apply(.served(id, price: units(5), at: noon))
        #expect(scene.bob.purse.charged == units(5))
        #expect(scene.bob.lastPaidAt == noon)
        // One unit is left for the next, which needs but one token more.
        _ = try scene.bob.apply(.paid(scene.payment([2]), price: units(4), at: noon))
        #expect(scene.bob.purse.charged == units(9))
        #expect(scene.bob.seen.floor == 8)
    }

    @Test func `takes a token once, and asks to keep it once`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment([0]), price: units(1), at: noon))
        let again = try scene.bob.apply(.paid(scene.payment(0..<2), price: units(1), at: noon))
        #expect(again.map(\.token.index) == [6])
        #expect(scene.bob.purse.authorised == units(6))
    }

    @Test func `makes up an order that the contract carries out`() throws {
        var scene = try Scene()
        let kept = try scene.bob.apply(.paid(scene.payment(0..<4), price: units(12), at: noon))
        #expect(scene.bob.unclaimed == units(12))
        let order = try #require(scene.bob.redemption(of: kept.reversed()))
        var contract = try Scene.ledger(scene.terms).state
        let context = ContractContext(domain: Scene.domain, channel: scene.id, block: Block(height: 2, time: noon))
        #expect(try contract.carryOut(order, in: context) == [Payout(to: Scene.bob, units(12))])
        _ = try scene.bob.apply(.captured(units(12)))
        #expect(scene.bob.unclaimed == .zero)
        #expect(scene.bob.redemption(of: []) == nil)
    }

    @Test func `hears twice of what was captured, and never of more than was charged`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(0..<4), price: units(10), at: noon))
        for total in [6, 6, 3] as [UInt128] { _ = try scene.bob.apply(.captured(units(total))) }
        #expect(scene.bob.captured == units(6))
        _ = try scene.bob.apply(.captured(units(12)))
        #expect(scene.bob.captured == units(10))
    }

    @Test func `charges nothing for what failed, and keeps what was paid for the next`() throws {
        var scene = try Scene()
        let id = scene.request()
        _ = try scene.bob.apply(.paymentArrived(scene.payment([0]), for: scene.reservation(id, 3), at: noon))
        _ = try scene.bob.apply(.released(id))
        #expect(scene.bob.unclaimed == .zero)
        _ = try scene.bob.apply(.paid(nil, price: units(3), at: noon))
        _ = try scene.bob.apply(.deliveryFailed(units(3)))
        #expect(scene.bob.unclaimed == .zero)
        _ = try scene.bob.apply(.paid(nil, price: units(2), at: noon))
        #expect(scene.bob.purse.charged == units(3))
    }

    @Test func `believes the contract, but no older block of it`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 9)))
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 8)))
        #expect(scene.bob.readIn.height == 9)
        let late = noon.advanced(bySeconds: 90_000)
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 10, orders: [.reclaim], at: late)))
        #expect(scene.bob.phase == .closed)
        #expect(scene.bob.unclaimed == .zero)
    }

    @Test func `refuses, and stays as it was`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment([0]), price: units(3), at: noon))
        let payment = try scene.payment([1])
        let late = noon.advanced(bySeconds: 86_400 - 300)
        let foreign = try UnverifiedMerkleTokens(scene.shown([0], to: Scene.carol)).verified(
            for: Scene.carol, of: scene.terms, tag: scene.bob.tag, most: 64)
        let cases: [(String, MerkleTokenChannel.Event)] = [
            ("channel_expiring", .paid(payment, price: units(1), at: late)),
            ("channel_not_closable", .closeAsked(payment)),
            ("not_proven", .paid(foreign, price: units(1), at: noon)),
            ("insufficient", .paid(payment, price: units(4), at: noon)),
            ("insufficient", .paymentArrived(nil, for: scene.reservation(ReservationID(1), 1), at: noon)),
            ("reservation_lost", .served(ReservationID(9), price: units(1), at: noon)),
            ("reservation_lost", .released(ReservationID(9))),
            ("charge", .deliveryFailed(units(4))),
        ]
        for (code, event) in cases {
            let before = scene.bob
            let refusal = #expect(throws: MerkleTokenChannel.Refusal.self) { try scene.bob.apply(event) }
            #expect(refusal?.code == "invalid_merkle_token_\(code)")
            #expect(refusal?.message.isEmpty == false)
            #expect(scene.bob == before)
            #expect(scene.bob.stored == before.stored)
        }
        #expect(MerkleTokenChannel.Refusal.purse(.insufficient(available: .zero, price: .zero)).callsForCorrection)
        #expect(!MerkleTokenChannel.Refusal.unsorted.callsForCorrection)
        let end = noon.advanced(bySeconds: 90_000)
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 2, orders: [.reclaim], at: end)))
        let refusal = #expect(throws: MerkleTokenChannel.Refusal.self) {
            try scene.bob.apply(.paid(nil, price: .zero, at: noon))
        }
        #expect(refusal?.code == "invalid_merkle_token_channel_not_open")
    }
}
