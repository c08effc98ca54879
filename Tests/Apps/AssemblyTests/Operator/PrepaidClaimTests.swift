// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingLedgerSettlement
import FarthingPrimitives
import Logging
import Testing

@testable import FarthingAssembly

@Suite("A claim for a store that no node works with")
struct PrepaidClaimTests {
    /// What `farthing claim` does, in a process of its own.
    private func claim(_ shop: PrepaidShop, ending: Bool = false) async throws -> PrepaidOffice.Report? {
        let configuration = shop.node.configuration
        let books = try await Books.open(
            storePath: configuration.storePath, place: try configuration.place,
            authorizerKeyPath: configuration.authorizerKeyPath, createsStore: false,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { shop.clock.now })
        do {
            let reports = try await books.redeemPrepaid(ending: ending)
            await books.close()
            return reports.first { $0.scheme == shop.scheme }?.report
        } catch {
            await books.close()
            throw error
        }
    }

    @Test func `tells what a two-way channel paid when its challenge period was over, once`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            await shop.node.close()
            let started = try await claim(shop, ending: true)
            #expect(started?.channels == 1)
            #expect(started?.captured == .zero)
            shop.clock.pass(Int64(PrepaidShop.challengeSeconds) + 1)
            let paid = try await claim(shop)
            #expect(paid?.captured == PrepaidShop.price)
            #expect(paid?.channels == 1)
            #expect(paid?.failures == [])
            let ledger = try shop.ledger
            #expect(
                try await ledger.balance(of: shop.node.books.authorizer, token: PrepaidShop.token.address)
                    == PrepaidShop.price)
            let again = try await claim(shop)
            #expect(again?.captured == .zero)
            #expect(again?.channels == 0)
        }
    }

    @Test func `has a two-way channel pay when the ledger was moved on past its challenge period`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            await shop.node.close()
            _ = try await claim(shop, ending: true)
            #expect(try await claim(shop)?.channels == 0)
            _ = try await shop.ledger.advance(seconds: PrepaidShop.challengeSeconds + 1)
            #expect(try await claim(shop)?.captured == PrepaidShop.price)
        }
    }

    @Test func `tells what a hash chain paid, once`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            await shop.node.close()
            let paid = try await claim(shop)
            #expect(paid?.captured == PrepaidShop.price)
            #expect(paid?.channels == 1)
            let again = try await claim(shop)
            #expect(again?.captured == .zero)
            #expect(again?.channels == 0)
        }
    }
}
