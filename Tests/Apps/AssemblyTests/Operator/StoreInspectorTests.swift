// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEVMSettlement
import FarthingLedgerSettlement
import FarthingNode
import FarthingPrimitives
import FarthingSQLiteStore
import FarthingVoucherScheme
import Foundation
import GRDB
import Testing

@testable import FarthingAssembly

@Suite("A look through a store", .timeLimit(.minutes(2)))
struct StoreInspectorTests {
    @Test func `says who settles channels`() async throws {
        try await withBooks { store, ledger, _ in
            let network = Network(evm: 84_532)
            let contracts = try #require(ContractRegistry(network: network))
            let places: [(SettlementPlace, String)] = [
                (.ledger(path: ledger, newOn: nil), "embedded ledger (simulated)"),
                (.facilitator(url: "http://127.0.0.1:1", contracts.settlement, Payee.token), "a facilitator"),
                (.chain(ChainPlace(urls: [], contracts: contracts, token: Payee.token)), "an EVM chain"),
            ]
            for (place, text) in places {
                #expect(try StoreInspector(storePath: store, place: place).settlementText == text)
            }
        }
    }

    /// A store and its ledger on disk, with three channels, of which one was claimed, and nobody who works with them.
    private func withBooks(
        _ body: (_ store: String, _ ledger: String, _ customers: [Customer]) async throws -> Void
    )
        async throws
    {
        try await withFolder { folder in
            let paths = (store: folder + "/node.store", ledger: folder + "/node.ledger")
            let clock = TestClock()
            let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
            let ledger = try Ledger(path: paths.ledger, domain: domain, clock: { clock.now })
            try await ledger.addToken(Payee.token)
            let store = try SQLiteStore(path: paths.store)
            let till = Till(store, ledger: ledger, clock: clock)
            var customers: [Customer] = []
            for number in 0..<3 {
                var customer = try await till.customer(UInt64(number), holding: units(1000))
                try await till.sell(to: &customer, for: units(UInt128(100 * (number + 1))))
                customers.append(customer)
            }
            #expect(try await till.cashier.claimDue(ClaimSchedule(valueInChannel: units(300))).channels == 1)
            await store.close()
            try await body(paths.store, paths.ledger, customers)
        }
    }

    private func faults(_ store: String, _ ledger: String) async throws -> [String] {
        try await StoreInspector(storePath: store, place: .ledger(path: ledger, newOn: nil)).verify().faults
    }

    /// Changes what is stored of a channel, as no node would.
    private func damage(_ id: ChannelID, in path: String, _ change: (inout [UInt8]) -> Void) async throws {
        let store = try SQLiteStore(path: path)
        let record = try #require(try await store.load(id))
        var state = record.state
        change(&state)
        #expect(state != record.state)
        _ = try await store.commit(
            ChannelCommit(channel: id, scheme: record.scheme, state: state), over: record.version)
        await store.close()
    }

    @Test func `finds nothing where nothing is wrong, and counts`() async throws {
        try await withBooks { store, ledger, customers in
            let result = try await StoreInspector(storePath: store, place: .ledger(path: ledger, newOn: nil)).verify()
            #expect(result.faults == [])
            #expect(result.channels == 3)
            #expect(result.pendingEffects == 0)
            // Token-less: 3 minted, 3 opened, 3 deposited, 1 claimed.
            #expect(result.ledgerEvents == 10)
            let summary = try #require(
                try await StoreInspector(storePath: store, place: .ledger(path: ledger, newOn: nil)).channel(
                    customers[1].id))
            #expect(summary.claimable == units(200) && summary.status == "open")
        }
    }

    /// Where a number stands in the stored form; see `Specs/voucher.md`.
    private enum Place {
        static let id = 1
        static let payer = 33
        static let balance = 173
        static let captured = 189
        static let charged = 230
        static let credit = 246
        static let hasVoucher = 262
        static let signature = 279
        static let voucher = 263..<417
    }

    struct Damage: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let change: @Sendable (inout [UInt8]) -> Void

        init(_ finding: String, _ change: @escaping @Sendable (inout [UInt8]) -> Void) {
            testDescription = finding
            self.change = change
        }
    }

    /// The phase at the end of the stored form: a refund of nothing under reservation 0.
    private static let refunding = [2] + [UInt8](repeating: 0, count: 32)

    static let damages: [Damage] = [
        Damage("it is filed under another id") { $0[Place.id] ^= 1 },
        Damage("its terms give another id") { $0[Place.payer] ^= 1 },
        Damage("more was captured than charged") { $0[Place.captured + 14] = 5 },
        Damage("more was credited than charged") { $0[Place.credit + 14] = 5 },
        Damage("its best voucher is not signed by its payer") { $0[Place.signature] ^= 1 },
        Damage("more was charged than authorised") { $0[Place.charged + 14] = 1 },
        Damage("something was charged without a voucher") { state in
            state.removeSubrange(Place.voucher)
            state[Place.hasVoucher] = 0
        },
        Damage("the ledger knows of fewer claims") { $0[Place.captured + 15] = 7 },
        Damage("the ledger holds 1000, and 65736 was earned") { $0[Place.charged + 13] = 1 },
        Damage("it waits for a refund that nobody will make") {
            $0.replaceSubrange(($0.count - 1)..., with: refunding)
        },
        Damage("its bytes are not what its version says") { $0.removeLast() },
        Damage("its bytes are not what its version says") { $0.append(0) },
        Damage("A record has version 9") { $0[0] = 9 },
    ]

    @Test(arguments: damages)
    func `finds what no node would write`(damage: Damage) async throws {
        try await withBooks { store, ledger, customers in
            try await self.damage(customers[1].id, in: store, damage.change)
            let faults = try await faults(store, ledger)
            #expect(faults.contains { $0.contains(damage.testDescription) }, "\(faults)")
            #expect(faults.allSatisfy { $0.hasPrefix("channel \(customers[1].id): ") }, "\(faults)")
        }
    }

    @Test func `finds a channel that the ledger does not know`() async throws {
        try await withBooks { path, ledger, _ in
            let domain = try #require(SettlementDomain(network: Network(evm: 84_532)))
            let stranger = Customer(99, of: Payee(), domain: domain)
            let snapshot = ChannelSnapshot(
                balance: units(5), totalClaimed: .zero, block: Block(height: 1, time: TestClock.noon))
            let channel = VoucherChannel(id: stranger.id, terms: stranger.terms, ledger: snapshot)
            let store = try SQLiteStore(path: path)
            _ = try await store.commit(
                ChannelCommit(channel: channel.id, scheme: VoucherChannel.schemeName, state: channel.stored), over: nil)
            await store.close()
            #expect(try await faults(path, ledger) == ["channel \(stranger.id): the ledger does not know it"])
        }
    }

    @Test func `finds effects that nobody can carry out, and counts those that wait`() async throws {
        try await withBooks { path, ledger, customers in
            let store = try SQLiteStore(path: path)
            let record = try #require(try await store.load(customers[0].id))
            let ids = try await store.commit(
                ChannelCommit(
                    channel: customers[0].id, scheme: record.scheme, state: record.state,
                    effects: [VoucherChannel.stored(.claim), [1, 77], []]), over: record.version)
            await store.close()
            let result = try await StoreInspector(storePath: path, place: .ledger(path: ledger, newOn: nil)).verify()
            #expect(result.pendingEffects == 3)
            #expect(result.faults.count == 2)
            #expect(zip(result.faults, ids.dropFirst()).allSatisfy { $0.hasPrefix("effect \($1): ") })
        }
    }

    @Test func `finds nothing wrong with a channel that waits for what lies in the outbox`() async throws {
        try await withBooks { path, ledger, customers in
            try await damage(customers[1].id, in: path) { $0.replaceSubrange(($0.count - 1)..., with: Self.refunding) }
            let store = try SQLiteStore(path: path)
            let record = try #require(try await store.load(customers[1].id))
            for (reservation, isThere) in [(7, false), (0, true)] as [(UInt64, Bool)] {
                let stored = try #require(try await store.load(customers[1].id))
                let effect = VoucherChannel.Effect.submitRefund(
                    amount: .zero, nonce: 0, for: ReservationID(reservation))
                _ = try await store.commit(
                    ChannelCommit(
                        channel: customers[1].id, scheme: record.scheme, state: record.state,
                        effects: [VoucherChannel.stored(effect)]), over: stored.version)
                #expect(try await faults(path, ledger).isEmpty == isThere)
            }
            await store.close()
        }
    }

    @Test func `finds a ledger that somebody changed by hand`() async throws {
        try await withBooks { store, ledger, _ in
            try await DatabaseQueue(path: ledger).write { db in
                try db.execute(sql: "DELETE FROM events WHERE kind = 'Claimed'")
                #expect(db.changesCount == 1)
            }
            let faults = try await faults(store, ledger)
            #expect(!faults.isEmpty && faults.allSatisfy { $0.hasPrefix("ledger: ") }, "\(faults)")
        }
    }

    @Test func `finds a store that is newer than its ledger`() async throws {
        try await withBooks { store, ledger, customers in
            // The ledger of another day: the deposits are there, the claim is not.
            try await DatabaseQueue(path: ledger).write { db in
                try db.execute(sql: "UPDATE channels SET total_claimed = zeroblob(16)")
            }
            let faults = try await faults(store, ledger)
            #expect(faults.contains("channel \(customers[2].id): the ledger knows of fewer claims"), "\(faults)")
        }
    }

    @Test func `says what is missing instead of making it`() throws {
        #expect(throws: StoreError.self) {
            _ = try StoreInspector(storePath: "/nowhere/store", place: .ledger(path: "/nowhere/ledger", newOn: nil))
        }
    }
}
