// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHashChainScheme
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingTwoWayScheme
import Testing

@testable import FarthingAssembly

@Suite("A look into a store with channels of every scheme")
struct PrepaidInspectionTests {
    private func inspector(_ shop: PrepaidShop) throws -> StoreInspector {
        let configuration = shop.node.configuration
        return try StoreInspector(
            storePath: configuration.storePath, place: .ledger(path: configuration.ledgerPath, newOn: nil))
    }

    private func look(_ shop: PrepaidShop, charged: UInt128, deposited: UInt128) async throws {
        let inspector = try inspector(shop)
        let channels = try await inspector.channels()
        let channel = try #require(channels.first)
        #expect(channels.count == 1)
        #expect(channel.scheme == shop.scheme.rawValue)
        #expect(channel.status == "open")
        #expect(channel.charged == Amount(units: charged))
        #expect(channel.balance == Amount(units: deposited))
        #expect(channel.json["token"]?.stringValue == PrepaidShop.token.address.checksummed)
        #expect(try await inspector.channel(channel.id)?.id == channel.id)
        let found = try await inspector.verify()
        #expect(found.faults == [])
        #expect(found.channels == 1)
    }

    @Test func `shows hash chains, and finds nothing wrong with them`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            try await look(shop, charged: 1000, deposited: 5000)
        }
    }

    @Test func `shows two-way channels, and finds nothing wrong with them`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            _ = try await shop.open(&payer)
            try await look(shop, charged: 1000, deposited: 10_000)
        }
    }

    @Test func `shows when a two-way channel pays that is ending`() async throws {
        try await PrepaidShop.open(.twoWay) { shop, _ in
            var payer = try shop.twoWayChannel()
            try shop.served(&payer, 0, try await shop.open(&payer))
            #expect(try await inspector(shop).channel(payer.id)?.paysAt == nil)
            _ = await shop.node.redeemAll(ending: true)
            let ending = try #require(try await inspector(shop).channel(payer.id))
            #expect(ending.status == "closing")
            #expect(ending.paysAt == shop.clock.now.advanced(bySeconds: Int64(PrepaidShop.challengeSeconds)))
            #expect(ending.json["paysAt"] == ending.paysAt.map { .integer($0.unixSeconds) })
        }
    }

    @Test func `shows lottery tickets' funds, and finds nothing wrong with them`() async throws {
        try await PrepaidShop.open(.lottery) { shop, _ in
            var payer = try shop.lottery()
            _ = try await shop.open(&payer)
            _ = try await shop.pay(&payer, request: 1)
            try await look(shop, charged: 1000, deposited: 800_000)
        }
    }

    @Test func `names a record that is damaged, whatever its scheme`() async throws {
        try await PrepaidShop.open(.hashChain) { shop, _ in
            var payer = try shop.channel()
            _ = try await shop.open(&payer)
            let store = shop.node.store
            let record = try #require(try await store.load(payer.id))
            _ = try await store.commit(
                ChannelCommit(
                    channel: payer.id, scheme: record.scheme, state: record.state.dropLast(), effects: [[1, 77]]),
                over: record.version)
            let faults = try await inspector(shop).verify().faults
            #expect(faults.count == 2)
            #expect(faults.first?.hasPrefix("channel \(payer.id): ") == true)
            #expect(faults.last?.hasPrefix("effect ") == true)
        }
    }
}
