// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A payer with lottery tickets")
struct LotteryPayerTests {
    /// Alice asks for what Bob promises, and knows it then.
    private func introduced(_ scene: Scene) throws -> Scene {
        var scene = scene
        let id = scene.request()
        let first = try scene.alice.apply(.paymentAsked(id, price: units(5), longest: 1024, at: noon))
        #expect(first == .seat)
        #expect(Person.alice.sign(scene.alice.seatDigest(in: Scene.domain)) == Scene.seat(.bob, of: scene.id))
        _ = try scene.alice.apply(.corrected(id, scene.statement))
        return scene
    }

    private func ask(
        _ scene: inout Scene, _ price: UInt128, longest: UInt32 = 1024, leastFace: UInt128 = 0
    ) throws -> (ReservationID, LotteryTicket) {
        let id = scene.request()
        guard
            case .ticket(let ticket) = try scene.alice.apply(
                .paymentAsked(id, price: units(price), longest: longest, leastFace: units(leastFace), at: noon))
        else { throw LotteryPayer.Refusal.purse(.unknownRequest) }
        return (id, ticket)
    }

    @Test func `lets tickets win as much as the payee wants, and pays ahead where they would win too seldom`() throws {
        var scene = try introduced(Scene())
        #expect(try ask(&scene, 5, leastFace: 400).1.faceValue == units(500), "the odds that are wished for do")
        let larger = try ask(&scene, 5, leastFace: 800).1
        #expect(larger.faceValue == units(800) && larger.expectedValue == units(5))
        #expect(throws: LotteryPayer.Refusal.exhausted(price: units(5))) { try ask(&scene, 5, leastFace: 1001) }
        // What lies ahead would do, but one unit cannot win so much.
        scene = try introduced(Scene())
        let (id, first) = try ask(&scene, 5)
        var told = scene.statement
        told.authorised = units(5)
        told.nonce = first.nonce
        _ = try scene.alice.apply(.served(id, charged: .zero, told))
        let ahead = try ask(&scene, 5, longest: 300, leastFace: 900).1
        #expect(ahead.faceValue == units(900) && ahead.expectedValue == units(3))
        #expect(ahead.threshold >= LotteryChannel.leastThreshold(longest: 300))
    }

    @Test func `pays no more than a request costs because a payee wants tickets to win much`() throws {
        var scene = try introduced(Scene())
        let before = scene.alice
        #expect(throws: LotteryPayer.Refusal.leastFace(units(501), most: units(500))) {
            try ask(&scene, 5, longest: 100, leastFace: 501)
        }
        #expect(scene.alice == before)
        #expect(try ask(&scene, 5, longest: 100, leastFace: 500).1.expectedValue == units(5))
    }

    @Test func `hands in the seat first, and then pays what the request costs, on average`() throws {
        var scene = try introduced(Scene())
        let (id, ticket) = try ask(&scene, 5)
        #expect(ticket.faceValue == units(500))
        #expect(ticket.expectedValue == units(5))
        #expect(ticket.nonce == 1)
        try scene.take(ticket, price: 5)
        _ = try scene.alice.apply(.served(id, charged: units(5), scene.statement))
        #expect(scene.alice.charged == units(5))
        #expect(scene.alice.spent == units(5))
        #expect(scene.alice.exposure == units(500))
        #expect(try ask(&scene, 5).1.nonce == 2)
    }

    @Test func `pays no less than the price, and at most one unit more`() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            var scene = try introduced(
                Scene(reserve: 1 << 62, worstCase: 1 << 62, odds: UInt32.random(in: 2...1024, using: &random)))
            let price = UInt128.random(in: 1...1 << UInt128.random(in: 1...48, using: &random), using: &random)
            let (_, ticket) = try ask(&scene, price)
            #expect((price...price + 1).contains(ticket.expectedValue.units))
            #expect(ticket.threshold >= LotteryChannel.leastThreshold(longest: 1024))
        }
    }

    @Test func `uses what lies ahead, unless another request may take it`() throws {
        var scene = try introduced(Scene())
        let (first, ticket) = try ask(&scene, 8)
        try scene.take(ticket, price: 3)
        _ = try scene.alice.apply(.served(first, charged: units(3), scene.statement))
        let (second, small) = try ask(&scene, 6)
        #expect(small.expectedValue == units(1), "five units lie ahead")
        #expect(try ask(&scene, 6).1.expectedValue == units(6))
        try scene.take(small, price: 6)
        _ = try scene.alice.apply(.served(second, charged: units(6), scene.statement))
        #expect(scene.alice.charged == units(9))
    }

    @Test func `signs for a new promise when the payee tells one`() throws {
        var scene = try introduced(Scene(odds: 2))
        var (id, ticket) = try ask(&scene, 5)
        while try scene.take(ticket, price: 5).isEmpty {
            _ = try scene.alice.apply(.served(id, charged: units(5), scene.statement))
            (id, ticket) = try ask(&scene, 5)
        }
        // It has won, and another is on its way meanwhile.
        let (other, late) = try ask(&scene, 5)
        #expect(late.commitment == ticket.commitment)
        _ = try scene.alice.apply(.served(id, charged: units(5), scene.statement))
        #expect(throws: LotteryChannel.Refusal.commitment) { try scene.verified(late) }
        _ = try scene.alice.apply(.corrected(other, scene.statement))
        let (_, new) = try ask(&scene, 5)
        #expect(new.commitment != ticket.commitment)
        #expect(new.nonce == late.nonce + 1)
        try scene.take(new)
    }

    @Test func `never lets more tickets win at a time than its policy allows`() throws {
        var scene = try introduced(Scene(worstCase: 1200))
        #expect(try ask(&scene, 5).1.faceValue == units(500))
        #expect(try ask(&scene, 5).1.faceValue == units(500))
        #expect(try ask(&scene, 5).1.faceValue == units(200), "it wins less, and more often")
        #expect(throws: LotteryPayer.Refusal.worstCase(left: .zero, worth: units(5))) { try ask(&scene, 5) }
        // The third wins, and is paid: no ticket before it can win any more.
        let winner = LotteryTicket(
            payee: Person.bob.address, commitment: scene.bob.commitment(with: Scene.secrets), nonce: 2,
            faceValue: units(500), threshold: .max, expiry: scene.terms.expiry)
        try scene.order(scene.redeeming(winner, secret: scene.secret))
        _ = try scene.alice.apply(.observed(scene.snapshot))
        #expect(scene.alice.exposure == units(200))
        // The rest expires.
        let id = scene.request()
        _ = try scene.alice.apply(
            .paymentAsked(id, price: units(5), longest: 1024, at: noon.advanced(bySeconds: 3600)))
        #expect(scene.alice.exposure == units(500))
    }

    @Test func `signs no more than the seat is said to have, and asks no more of it`() throws {
        var scene = try introduced(Scene(reserve: 24))
        #expect(try ask(&scene, 5).1.faceValue == units(6))
        #expect(throws: LotteryPayer.Refusal.exhausted(price: units(6))) { try ask(&scene, 6) }
        #expect(try ask(&scene, 2, longest: 2).1.faceValue == units(4))
    }

    @Test func `refuses what it cannot pay, and signs nothing for it`() throws {
        var scene = try introduced(Scene())
        let before = scene.alice
        for (code, price, seconds) in [
            ("payer.exhausted", 1000, 0), ("payer.worst-case", 100_000, 0), ("payer.expiring", 5, 86_100),
        ] as [(String, UInt128, Int64)] {
            let refusal = #expect(throws: LotteryPayer.Refusal.self) {
                try scene.alice.apply(
                    .paymentAsked(
                        ReservationID(7), price: units(price), longest: 1024, at: noon.advanced(bySeconds: seconds)))
            }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
    }

    @Test func `does not believe a payee that says less than before, or less than it must have`() throws {
        var scene = try introduced(Scene())
        let (first, ticket) = try ask(&scene, 8)
        try scene.take(ticket, price: 3)
        _ = try scene.alice.apply(.served(first, charged: units(3), scene.statement))
        let (id, next) = try ask(&scene, 6)
        #expect(next.expectedValue == units(1))
        let before = scene.alice
        func told(_ change: (inout LotteryPayer.Statement) -> Void) -> LotteryPayer.Statement {
            var statement = scene.statement
            change(&statement)
            return statement
        }
        for (code, event) in [
            // It has eight, and with this ticket nine; it charged three.
            ("payer.understated-tickets", .served(id, charged: .zero, told { $0.authorised = units(8) })),
            ("payer.understated-tickets", .corrected(id, told { $0.authorised = units(7) })),
            ("payer.understated", .corrected(id, told { $0.charged = units(2) })),
            (
                "payer.understated",
                .served(id, charged: .zero, told { ($0.authorised, $0.charged) = (units(9), .zero) })
            ),
        ] as [(String, LotteryPayer.Event)] {
            let refusal = #expect(throws: LotteryPayer.Refusal.self) { try scene.alice.apply(event) }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
        #expect(scene.alice.untold == units(1), "the ticket on its way")
        try scene.take(next, price: 6)
        _ = try scene.alice.apply(.served(id, charged: units(6), scene.statement))
        #expect(scene.alice.untold == .zero)
    }

    @Test func `believes an answer that was overtaken by another`() throws {
        var scene = try introduced(Scene())
        let (first, one) = try ask(&scene, 5)
        let (second, two) = try ask(&scene, 5)
        try scene.take(one, price: 5)
        let early = scene.statement
        try scene.take(two, price: 5)
        _ = try scene.alice.apply(.served(second, charged: units(5), scene.statement))
        _ = try scene.alice.apply(.served(first, charged: units(5), early))
        #expect(scene.alice.charged == units(10))
    }

    @Test func `does not believe a payee that says too much`() throws {
        var scene = try introduced(Scene())
        let (lost, _) = try ask(&scene, 3)
        _ = try scene.alice.apply(.unanswered(lost))
        let (id, _) = try ask(&scene, 4)
        let before = scene.alice
        func told(_ change: (inout LotteryPayer.Statement) -> Void) -> LotteryPayer.Statement {
            var statement = scene.statement
            change(&statement)
            return statement
        }
        for (code, event) in [
            ("payer.overcharged", .served(id, charged: units(5), told { _ in })),
            ("payer.overstated", .served(id, charged: units(4), told { $0.charged = units(8) })),
            ("payer.overstated", .corrected(id, told { $0.charged = units(4) })),
            ("payer.overstated-tickets", .corrected(id, told { $0.authorised = units(8) })),
            ("payer.overstated-nonce", .corrected(id, told { $0.nonce = 3 })),
            ("payer.unknown-request", .served(ReservationID(99), charged: .zero, told { _ in })),
            ("payer.unknown-request", .notServed(ReservationID(99))),
            ("payer.unknown-request", .unanswered(ReservationID(99))),
            ("payer.unknown-request", .corrected(ReservationID(99), told { _ in })),
        ] as [(String, LotteryPayer.Event)] {
            let refusal = #expect(throws: LotteryPayer.Refusal.self) { try scene.alice.apply(event) }
            #expect(refusal?.code == code)
            #expect(scene.alice == before)
        }
    }
}
