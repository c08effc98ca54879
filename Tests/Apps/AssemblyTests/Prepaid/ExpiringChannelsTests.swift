// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingHashChainScheme
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingX402
import Testing

@testable import FarthingAssembly

@Suite("Channels that their payers could empty soon", .timeLimit(.minutes(1)))
struct ExpiringChannelsTests {
    private typealias Books = PrepaidBooks<HashChainChannel>

    private static let everything = ClaimSchedule(age: 0)

    @Test func `are redeemed before larger ones, soonest first`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            for number in 0..<4 { _ = try await opened("large \(number)", requests: 2, at: counted) }
            var soon: [ChannelID] = []
            for number in (0..<10).reversed() {
                soon.insert(try await opened("soon \(number)", expiresIn: 1000 + UInt64(number), at: counted), at: 0)
            }
            shop.clock.pass(400)
            counted.slow.barrier.lower()
            let turn = Task { await counted.books.redeemDue(Self.everything, soon: .seconds(60)) }
            await counted.slow.barrier.hold(Books.redemptionsAtOnce)
            #expect(Set(counted.slow.ordered) == Set(soon.prefix(Books.redemptionsAtOnce)))
            counted.slow.barrier.lift()
            let report = await turn.value
            #expect(report.failures == [])
            #expect(report.captured == units(18_000))
            #expect(counted.slow.ordered.count == 14)
        }
    }

    @Test func `wait for no turn that waits for its transactions, and are redeemed once`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let large = Books.redemptionsAtOnce + 3
            for number in 0..<large { _ = try await opened("large \(number)", requests: 2, at: counted) }
            let late = try await opened("late", expiresIn: 1000, at: counted)
            counted.slow.barrier.lower()
            let turn = Task { await counted.books.redeemDue(Self.everything, soon: .seconds(60)) }
            await counted.slow.barrier.hold(Books.redemptionsAtOnce)
            #expect(!counted.slow.ordered.contains(late), "it is the smallest, and has its time yet")
            // The chain is slow, and the last channel comes near its end while the others wait.
            shop.clock.pass(400)
            let hurry = Task { await counted.books.redeemExpiring(soon: .seconds(60)) }
            await counted.slow.barrier.hold(Books.redemptionsAtOnce + 1)
            #expect(counted.slow.ordered.last == late)
            // A third turn finds it under way.
            let again = Task { await counted.books.redeemExpiring(soon: .seconds(60)) }
            try await Task.sleep(for: .milliseconds(100))
            counted.slow.barrier.lift()
            let reports = [await turn.value, await hurry.value, await again.value]
            #expect(reports.flatMap(\.failures) == [])
            #expect(reports.map(\.channels) == [large, 1, 0])
            #expect(counted.slow.ordered.count == large + 1)
            let balance = try await shop.ledger.balance(
                of: shop.node.configuration.payTo, token: PrepaidShop.token.address)
            #expect(balance == units(2000 * UInt128(large) + 1000))
            #expect(try await shop.ledger.audit().faults == [])
        }
    }

    @Test func `are redeemed so much sooner as it takes longer`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let long = try await opened("long", expiresIn: 2000, requests: 9, stepsWorth: units(1), at: counted)
            let short = try await opened("short", expiresIn: 2000, at: counted)
            shop.clock.pass(1000)
            _ = await counted.books.redeemExpiring(soon: .seconds(60))
            #expect(counted.slow.ordered == [long])
            shop.clock.pass(300)
            _ = await counted.books.redeemExpiring(soon: .seconds(60))
            #expect(counted.slow.ordered == [long, short])
        }
    }

    /// One after the other, or a few at once, they would take longer than there is time.
    @Test func `are all redeemed in time, also a crowd that expires in one moment`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            for number in 0..<60 { _ = try await opened("\(number)", expiresIn: 1000, at: counted) }
            shop.clock.pass(700)
            counted.slow.barrier.lower()
            let turn = Task { await counted.books.redeemExpiring(soon: .seconds(60)) }
            // A block a minute, and three are left.
            for count in [Books.expiringAtOnce, Books.expiringAtOnce, 60 - 2 * Books.expiringAtOnce] {
                await counted.slow.barrier.hold(count)
                shop.clock.pass(60)
                counted.slow.barrier.letPass()
            }
            #expect(await turn.value.captured == units(60_000))
            #expect(counted.slow.ordered.count == 60)
            #expect(counted.slow.mostAtOnce == Books.expiringAtOnce)
        }
    }

    @Test func `begin so much sooner as there are more of them, where transactions take long`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            let count = 2 * Books.expiringAtOnce
            for number in 0..<count { _ = try await opened("\(number)", expiresIn: 2000, at: counted) }
            // Another will show how long it takes.
            _ = try await opened("first", expiresIn: 1900, at: counted)
            shop.clock.pass(1150)
            #expect(await counted.books.redeemExpiring(soon: .seconds(60)) == PrepaidOffice.Report())
            shop.clock.pass(40)
            counted.slow.barrier.lower()
            let turn = Task { await counted.books.redeemExpiring(soon: .seconds(60)) }
            await counted.slow.barrier.hold(1)
            shop.clock.pass(60)
            counted.slow.barrier.lift()
            #expect(await turn.value.channels == count + 1)
        }
    }

    @Test func `wait for no other turn when they come near their end while many are redeemed`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            let counted = try CountedDesk<HashChainChannel>(shop)
            for number in 0..<30 { _ = try await opened("\(number)", expiresIn: 1000, at: counted) }
            let soon = try await opened("soon", expiresIn: 1050, at: counted)
            let late = try await opened("late", expiresIn: 86_400, at: counted)
            shop.clock.pass(300)
            counted.slow.barrier.lower()
            let turn = Task { await counted.books.redeemExpiring(soon: .seconds(60)) }
            await counted.slow.barrier.hold(Books.expiringAtOnce)
            shop.clock.pass(40)
            counted.slow.barrier.lift()
            #expect(await turn.value.channels == 31)
            #expect(counted.slow.ordered.contains(soon) && !counted.slow.ordered.contains(late))
        }
    }

    @Test func `are redeemed by a node that looks for nothing else`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            #expect(await shop.node.redeemExpiring().first?.report.captured == .zero)
            shop.clock.pass(86_400 - 500)
            #expect(await shop.node.redeemExpiring().first?.report.captured == units(1000))
            #expect(await shop.node.redeemExpiring().first?.report.channels == 0)
        }
    }

    /// Opens a channel and pays for requests of 1,000.
    private func opened(
        _ salt: String, expiresIn seconds: UInt64 = 86_400, requests: UInt64 = 1, stepsWorth step: Amount? = nil,
        at counted: CountedDesk<HashChainChannel>
    ) async throws -> ChannelID {
        let shop = counted.shop
        var payer = try shop.channel(steps: step == nil ? 10 : 10_000, salt: salt) { terms in
            terms.expiry = UInt64(shop.clock.now.unixSeconds) + seconds
            if let step { terms.stepAmount = step }
        }
        for request in 0..<requests {
            let step = UnverifiedHashChainStep(
                try #require(
                    try payer.apply(
                        .paymentAsked(ReservationID(request), price: PrepaidShop.price, longest: 1024))))
            let payload: PrepaidPayload<HashChainChannel> =
                request == 0
                ? .open(payer.terms, try shop.funding(payer.id, with: payer.terms.deposit), step)
                : .payment(payer.id, step)
            #expect(try await counted.pay(payload) == nil)
            _ = try payer.apply(
                .served(
                    ReservationID(request), charged: PrepaidShop.price, total: units(1000 * UInt128(request + 1))))
        }
        return payer.id
    }
}
