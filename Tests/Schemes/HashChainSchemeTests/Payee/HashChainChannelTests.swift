// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingPrimitives
import Testing

@Suite("A hash-chain channel")
struct HashChainChannelTests {
    @Test func `takes a step, serves and charges`() throws {
        var scene = try Scene()
        let id = scene.request()
        let payment = try scene.payment(2)
        #expect(try scene.bob.apply(.paymentArrived(payment, for: scene.reservation(id, 5), at: noon)) == [])
        #expect(scene.bob.purse.authorised == units(6))
        _ = try scene.bob.apply(.served(id, price: units(5), at: noon))
        #expect(scene.bob.purse.charged == units(5))
        #expect(scene.bob.lastPaidAt == noon)
        // One unit is left for the next, which needs but one step more.
        _ = try scene.bob.apply(.paid(scene.payment(3), price: units(4), at: noon))
        #expect(scene.bob.purse.charged == units(9))
    }

    @Test func `redeems whole steps that were delivered for, and no other`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(4), price: units(8), at: noon))
        #expect(scene.bob.redemption == scene.step(2))
        #expect(scene.bob.unclaimed == units(6))
        let order = HashChainContract.Order.redeem(scene.step(2))
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 2, orders: [order])))
        #expect(scene.bob.redemption == nil)
        #expect(scene.bob.unclaimed == .zero)
        _ = try scene.bob.apply(.paid(nil, price: units(1), at: noon))
        #expect(scene.bob.redemption == scene.step(3))
    }

    @Test func `serves many requests at once, in any order of their steps`() throws {
        var scene = try Scene()
        let payments = try (1...4).map { try scene.payment(UInt32($0)) }
        for (number, index) in [(1, 3), (2, 0), (3, 2), (4, 1)] as [(UInt64, Int)] {
            _ = try scene.bob.apply(
                .paymentArrived(payments[index], for: scene.reservation(ReservationID(number), 3), at: noon))
        }
        for number in [2, 4, 1, 3] as [UInt64] {
            _ = try scene.bob.apply(.served(ReservationID(number), price: units(3), at: noon))
        }
        #expect(scene.bob.purse.charged == units(12))
        #expect(scene.bob.best == scene.step(4))
    }

    @Test func `charges nothing for what failed, and keeps what was paid for the next`() throws {
        var scene = try Scene()
        let id = scene.request()
        _ = try scene.bob.apply(.paymentArrived(scene.payment(1), for: scene.reservation(id, 3), at: noon))
        _ = try scene.bob.apply(.released(id))
        #expect(scene.bob.unclaimed == .zero)
        _ = try scene.bob.apply(.paid(scene.payment(1), price: units(3), at: noon))
        #expect(scene.bob.purse.charged == units(3))
    }

    @Test func `credits what broke off, and redeems it for nobody`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(2), price: units(6), at: noon))
        _ = try scene.bob.apply(.deliveryFailed(units(6)))
        #expect(scene.bob.redemption == nil)
        _ = try scene.bob.apply(.paid(scene.payment(2), price: units(6), at: noon))
        #expect(scene.bob.purse.charged == units(6))
        #expect(scene.bob.redemption == scene.step(2))
    }

    @Test func `closes with what was delivered, and takes nothing more`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(5), price: units(7), at: noon))
        #expect(try scene.bob.apply(.closeAsked(scene.payment(5))) == [.submitClose(scene.step(2))])
        #expect(try scene.bob.apply(.closeAsked(scene.payment(5))) == [], "it lies in the outbox already")
        let refusal = #expect(throws: HashChainChannel.Refusal.self) {
            try scene.bob.apply(.paid(scene.payment(5), price: units(1), at: noon))
        }
        #expect(refusal?.code == "invalid_hash_chain_channel_not_open")
    }

    @Test func `believes the contract, but no older block of it`() throws {
        var scene = try Scene()
        let redeemed = try Scene.ledger(scene.terms, height: 9, orders: [.redeem(scene.step(4))])
        _ = try scene.bob.apply(.observed(redeemed))
        #expect(scene.bob.redeemed == 4)
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 8)))
        #expect(scene.bob.redeemed == 4)
        let late = noon.advanced(bySeconds: 90_000)
        _ = try scene.bob.apply(.observed(Scene.ledger(scene.terms, height: 10, orders: [.reclaim], at: late)))
        #expect(scene.bob.phase == .closed)
        #expect(scene.bob.unclaimed == .zero)
    }

    @Test func `starts from what the contract paid out, when its books are new`() throws {
        let scene = try Scene()
        let snapshot = try Scene.ledger(scene.terms, orders: [.redeem(scene.step(4))])
        var bob = HashChainChannel(id: scene.id, ledger: snapshot, in: Scene.domain, payee: scene.terms.receiver)
        #expect(bob.best == scene.step(4))
        #expect(bob.purse.available == .zero)
        #expect(bob.unclaimed == .zero)
        let payment = try UnverifiedHashChainStep(scene.step(5)).verified(
            after: bob.best, of: bob.terms, tag: bob.tag, longest: 10)
        _ = try bob.apply(.paid(payment, price: units(3), at: noon))
        #expect(bob.redemption == scene.step(5))
    }

    // MARK: - Refusals

    @Test func `refuses a request for which too little was paid`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(2), price: units(6), at: noon))
        let before = scene.bob
        for payment in [try scene.payment(2), try scene.payment(1)] {
            let refusal = #expect(throws: HashChainChannel.Refusal.self) {
                try scene.bob.apply(.paid(payment, price: units(1), at: noon))
            }
            #expect(refusal == .purse(.insufficient(available: .zero, price: units(1))))
            #expect(refusal?.callsForCorrection == true)
        }
        #expect(scene.bob == before)
    }

    @Test func `keeps no step of a request that it refuses`() throws {
        var scene = try Scene()
        let before = scene.bob
        #expect(throws: HashChainChannel.Refusal.self) {
            try scene.bob.apply(.paid(scene.payment(1), price: units(4), at: noon))
        }
        #expect(scene.bob == before, "what is refused is not taken either")
    }

    @Test(arguments: [0, 86_400 - 300, 86_400, 1_000_000] as [Int64])
    func `takes no payment that it could not redeem in time`(seconds: Int64) throws {
        var scene = try Scene()
        let now = noon.advanced(bySeconds: seconds)
        let payment = try scene.payment(1)
        if seconds == 0 {
            _ = try scene.bob.apply(.paid(payment, price: units(3), at: now))
        } else {
            let refusal = #expect(throws: HashChainChannel.Refusal.self) {
                try scene.bob.apply(.paid(payment, price: units(3), at: now))
            }
            #expect(refusal?.code == "invalid_hash_chain_channel_expiring")
        }
    }

    @Test func `refuses what the purse refuses, with a code of its own`() throws {
        var scene = try Scene()
        #expect(throws: HashChainChannel.Refusal.purse(.reservationLost)) {
            try scene.bob.apply(.served(ReservationID(9), price: units(1), at: noon))
        }
        #expect(throws: HashChainChannel.Refusal.purse(.reservationLost)) {
            try scene.bob.apply(.released(ReservationID(9)))
        }
        #expect(throws: HashChainChannel.Refusal.self) { try scene.bob.apply(.deliveryFailed(units(1))) }
        _ = try scene.bob.apply(
            .paymentArrived(scene.payment(1), for: scene.reservation(ReservationID(1), 3), at: noon))
        #expect(throws: HashChainChannel.Refusal.purse(.busy(requests: 1))) {
            try scene.bob.apply(.closeAsked(scene.payment(1)))
        }
    }

    // MARK: - Stored form

    @Test func `says all that must outlive a restart in its stored form`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(3), price: units(8), at: noon))
        let quiet = scene.bob
        _ = try scene.bob.apply(.paymentArrived(nil, for: scene.reservation(ReservationID(1), 1), at: noon))
        #expect(scene.bob.isStoredLike(quiet), "what is in flight is lost")
        #expect(try HashChainChannel(stored: scene.bob.stored) == quiet)
        _ = try scene.bob.apply(.released(ReservationID(1)))
        for effect in try scene.bob.apply(.closeAsked(scene.payment(3))) {
            #expect(try HashChainChannel.effect(stored: HashChainChannel.stored(effect)) == effect)
        }
        #expect(try HashChainChannel(stored: scene.bob.stored).phase == .closing)
    }

    @Test func `reads the record of version 1`() throws {
        var scene = try Scene()
        _ = try scene.bob.apply(.paid(scene.payment(3), price: units(8), at: noon))
        let stored = try #require(Hex.decode(Self.recorded))
        #expect(scene.bob.stored == stored)
        #expect(try HashChainChannel(stored: stored) == scene.bob)
    }

    @Test func `refuses damaged bytes, and those of a later version`() throws {
        let stored = try Scene().bob.stored
        for count in 0..<stored.count {
            #expect(throws: StoredFormError.damaged) { try HashChainChannel(stored: Array(stored[..<count])) }
        }
        #expect(throws: StoredFormError.damaged) { try HashChainChannel(stored: stored + [0]) }
        #expect(throws: StoredFormError.newer(version: 2)) {
            try HashChainChannel(stored: [2] + stored.dropFirst())
        }
        #expect(throws: StoredFormError.damaged) { try HashChainChannel.effect(stored: [1, 7]) }
    }

    private static let recorded =
        "0x"
        + "0146dd308d80cd82d7b15fb77e8bed77a6434e67a1ac0f5da5ead9ac27b86e6f6be1c8688e10da7e85e05f2843d606c7"
        + "9b78c8dd53de223b920fb4171d4cbf2b3b7932b01fc605f21cde223b920fb4171d4cbf2b3b7932b01fc605f21c921d9d"
        + "26ac74ec6b9e203201dee4ad2069a0654a44ca6216573fa21d9d8986ecc7c7e1e4134a5021cb98ab0cb49b54d23a8b54"
        + "e90000000a00000000000000000000000000000003000000006b4b2380a05e334153147e75f3f416139b5109d1179cb5"
        + "6fef6a4ecb4c4cbc92a7c37b70b53fbf92ee37a8f5271302ea3b386c9541e21805f927290e9e4e60f595a7ed74000000"
        + "0003e584267a82fdcf2c86ea843cfde7fa9d80edc5f1bf5102c8cfea278946a5df200000000000000000000000000000"
        + "000900000000000000000000000000000008000000000000000000000000000000000000000000000000000000010000"
        + "00006b49d20001000000006b49d200"
}
