// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingLotteryScheme
import FarthingPrimitives
import Testing

@Suite("A random walk of a payer and payees at one lot")
struct LotWalkTests {
    /// How lots ended in a walk.
    private struct Seen {
        var drawn = 0
        var shared = 0
        var empty = 0
    }

    @Test(arguments: LotWorld.Honesty.allCases, [1, 2, 3, 4, 20_261_123] as [UInt64])
    func `gives each payee what the contract promises, whatever the payer does`(
        honesty: LotWorld.Honesty, seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        var seen = Seen()
        for round in 0..<25 {
            let what: Comment = "\(honesty), seed \(seed), round \(round)"
            var world = try LotWorld(honesty, name: "\(honesty) \(seed) \(round)", using: &random)
            for _ in 0..<Int.random(in: 20...120, using: &random) { try world.step(using: &random) }
            try world.end(using: &random)
            #expect(world.isOver, what)
            Self.check(world, what)
            if world.place.contract.tickets.isEmpty {
                seen.empty += 1
            } else if world.winner != nil {
                seen.drawn += 1
            } else {
                seen.shared += 1
            }
        }
        switch honesty {
        case .awake: #expect(seen.drawn > 5 && seen.shared == 0, "\(seen), seed \(seed)")
        case .sleepy: #expect(seen.drawn + seen.shared > 5, "\(seen), seed \(seed)")
        case .selective: #expect(seen.drawn == 0 && seen.shared > 5, "\(seen), seed \(seed)")
        }
    }

    /// What holds when a lot is over.
    private static func check(_ world: LotWorld, _ what: Comment) {
        let place = world.place
        let prize = units(world.terms.ticketValue.units * UInt128(place.contract.tickets.count))
        for books in world.payees {
            let (worth, paid) = (world.worth(of: books.payee), place.paid(to: books.payee))
            #expect(books.earned == worth, what)
            #expect(books.pending == .zero, what)
            #expect(books.orders(at: place.block) == [], what)
            guard !worth.isZero else {
                #expect(books.outcome == nil && paid.isZero, what)
                continue
            }
            if let winner = world.winner {
                #expect(books.outcome == (winner == books.payee ? .won(prize) : .lost), what)
                #expect(paid == (winner == books.payee ? prize : .zero), what)
            } else {
                // A secret that was revealed and not drawn with leaves open who would have won all with all tickets.
                let all: LotPayee.Outcome = place.contract.secret == nil ? .shared(worth) : .won(worth)
                #expect(books.outcome == (worth == prize ? all : .shared(worth)), what)
                #expect(paid == worth, what)
            }
            // Each index was given out once, and whoever entered at once has all that it took.
            if world.honesty != .selective, !world.wasLate {
                #expect(books.held.allSatisfy { $0.fate == .entered }, what)
            }
        }
        let rest = world.terms.deposit?.clampedSubtracting(prize)
        #expect(place.paid(to: world.terms.payer) == rest, what)
        #expect(world.payer.rest == rest, what)
        if world.honesty == .awake, !place.contract.tickets.isEmpty {
            #expect(place.contract.secret == world.secret, "the payer was late: \(what)")
        }
    }
}
