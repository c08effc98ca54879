// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("A payer with a two-way channel")
struct TwoWayPayerTests {
    var scene: Scene
    var alice: TwoWayPayer

    init() throws {
        scene = try Scene()
        alice = scene.payer()
    }

    private mutating func ask(_ price: UInt128) throws -> (ReservationID, TwoWayState) {
        let id = scene.request()
        return (id, try #require(proposed(try alice.apply(.paymentAsked(id, price: units(price))))))
    }

    private mutating func serve(_ id: ReservationID, _ charge: UInt128, total: UInt128, _ sent: TwoWayState) throws {
        _ = try alice.apply(
            .served(id, charged: units(charge), total: units(total), countersigned: scene.signed(sent, by: .second)))
    }

    @Test mutating func `gives as little as the requests need`() throws {
        let (first, sent) = try ask(4)
        #expect(sent == state(1, 96, 4))
        try serve(first, 3, total: 3, sent)
        #expect(alice.party.newest == sent)
        let (second, next) = try ask(4)
        #expect(next == state(3, 93, 7), "one unit was left over")
        let (third, last) = try ask(2)
        #expect(last == state(5, 91, 9), "it includes the one that is under way")
        // The answer to the older one comes last, and has nothing to tell.
        try serve(third, 2, total: 5, last)
        try serve(second, 4, total: 9, next)
        #expect(alice.party.newest == last)
        #expect(alice.charged == units(9))
        #expect(alice.available == units(91))
    }

    @Test mutating func `sends the same state again when nothing was charged`() throws {
        let (first, sent) = try ask(3)
        _ = try alice.apply(.notServed(first))
        let (second, same) = try ask(3)
        #expect(same == sent)
        try serve(second, 0, total: 0, sent)
        #expect(try ask(3).1 == sent, "the newest state shows what is there")
    }

    @Test mutating func `gives more only when the payee says that it charged what was never answered`() throws {
        let (lost, sent) = try ask(3)
        _ = try alice.apply(.unanswered(lost))
        let (second, same) = try ask(3)
        #expect(same == sent)
        _ = try alice.apply(.corrected(second, charged: units(3)))
        #expect(alice.charged == units(3))
        #expect(alice.purse.doubtful == .zero)
        #expect(try ask(3).1 == state(3, 94, 6))
    }

    @Test mutating func `can show a payee something even for nothing`() throws {
        #expect(try ask(0).1 == state(1, 100, 0))
    }

    @Test mutating func `refuses what the channel cannot pay, and signs nothing for it`() throws {
        let before = alice
        for price in [101, .max] as [UInt128] {
            let refusal = #expect(throws: TwoWayPayer.Refusal.self) {
                try alice.apply(.paymentAsked(ReservationID(7), price: units(price)))
            }
            #expect(refusal?.code == "payer.exhausted")
            #expect(alice == before)
        }
    }

    @Test mutating func `believes no payee that says what cannot be`() throws {
        let (id, sent) = try ask(5)
        let before = alice
        for (code, charge, total) in [("payer.overcharged", 6, 6), ("payer.overstated", 5, 6)]
            as [(
                String, UInt128, UInt128
            )]
        {
            let refusal = #expect(throws: TwoWayPayer.Refusal.self) { try serve(id, charge, total: total, sent) }
            #expect(refusal?.code == code)
        }
        let refusal = #expect(throws: TwoWayPayer.Refusal.self) { try alice.apply(.corrected(id, charged: units(1))) }
        #expect(refusal?.code == "payer.overstated")
        for event in [
            .notServed(ReservationID(99)), .unanswered(ReservationID(99)),
            .corrected(ReservationID(99), charged: .zero), .paymentAsked(id, price: .zero),
            .served(ReservationID(99), charged: .zero, total: .zero, countersigned: nil),
        ] as [TwoWayPayer.Event] {
            #expect(throws: TwoWayPayer.Refusal.purse(.unknownRequest)) { try alice.apply(event) }
        }
        #expect(throws: TwoWayPayer.Refusal.purse(.busy(requests: 1))) { try alice.apply(.closeAsked(credit: .zero)) }
        #expect(alice == before)
    }

    @Test mutating func `keeps no more than 256 requests under way`() throws {
        for _ in 0..<256 { _ = try ask(0) }
        #expect(throws: TwoWayPayer.Refusal.purse(.busy(requests: 256))) { try ask(0) }
    }

    @Test mutating func `ends the channel by agreement, and has back what was not charged`() throws {
        var bob = scene.payee()
        let (id, sent) = try ask(9)
        _ = try bob.apply(.paid(scene.signed(sent, by: .first), price: units(6), at: noon))
        try serve(id, 6, total: 6, sent)
        _ = try bob.apply(.deliveryFailed(units(2)))
        let effects = try alice.apply(.closeAsked(credit: units(2)))
        #expect(effects == [.signClose(state(1, 96, 4))])
        #expect(throws: TwoWayPayer.Refusal.party(.notOpen(phase: "closing"))) { try ask(1) }
        let end = try scene.signed(state(1, 96, 4), by: .first, isClose: true)
        let order = try #require(try bob.apply(.closeAsked(end)).first.flatMap { scene.order(for: $0) })
        #expect(try scene.send(order).map(\.amount) == [units(96), units(4)])
    }

    @Test mutating func `ends the channel alone when the payee is gone, even before it signed anything`() throws {
        _ = try ask(9)
        let effects = try alice.apply(.endAsked)
        #expect(effects == [.startClose(nil, nonce: 0)])
        try scene.send(try #require(scene.order(for: effects[0], of: .first)))
        _ = try alice.apply(.observed(scene.snapshot))
        scene.wait(seconds: 3600)
        #expect(try alice.apply(.observed(scene.snapshot)) == [.finalize])
        #expect(try scene.send(.finalize).map(\.amount) == [units(100)])
    }

    @Test mutating func `answers a payee that ends with a state from before money came back`() throws {
        let (id, sent) = try ask(9)
        try serve(id, 0, total: 0, sent)
        let back = state(2, 99, 1)
        // Money came back by another way than HTTP; she is shown the state that she signed then.
        _ = try alice.apply(.recalled(own: scene.signed(back, by: .first), theirs: scene.signed(back, by: .second)))
        let old = try scene.signed(sent, by: .first)
        try scene.send(try #require(scene.order(for: .startClose(old, nonce: 1), of: .second)))
        let answer = try #require(try alice.apply(.observed(scene.snapshot)).first)
        try scene.send(try #require(scene.order(for: answer, of: .first)))
        #expect(scene.contract.phase == .closing(back, until: noon.advanced(bySeconds: 3600)))
    }
}
