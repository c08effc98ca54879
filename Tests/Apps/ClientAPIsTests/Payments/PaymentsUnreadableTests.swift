// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import FarthingSQLiteStore
import Testing

/// One record that cannot be read is no reason to stop with all others.
@Suite("Payments: records that cannot be read", .timeLimit(.minutes(1)))
struct PaymentsUnreadableTests {
    private struct Told: Equatable {
        let channel: ChannelID
        let error: StoredFormError
    }

    /// Writes over the record of a channel, or makes one.
    private func spoil(_ id: ChannelID, with state: [UInt8], in store: any ChannelStore) async throws {
        let version = try await store.load(id)?.version
        _ = try await store.commit(ChannelCommit(channel: id, scheme: "balance-proof", state: state), over: version)
    }

    @Test func `channels are opened and found beside damaged and newer records, which are reported`() async throws {
        try await Stage.run { stage in
            let (store, told) = (try stage.store("alice"), Inbox<Told>())
            let (damaged, newer) = (ChannelID(.zero), ChannelID(.random()))
            try await spoil(damaged, with: [1, 2, 3], in: store)
            try await spoil(newer, with: [9], in: store)
            let payments = try Shop.payments(
                stage, by: stage.alice, store: store,
                options: PaymentsOptions(onUnreadable: { told.add(Told(channel: $0, error: $1)) }))
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            let channel = try await payments.openChannel(from: alice, to: bob, deposit: units(100))
            let first = (await told.next(), await told.next())
            #expect(first.0 == Told(channel: damaged, error: .damaged))
            #expect(first.1 == Told(channel: newer, error: .newer(version: 9)))
            let found = try await payments.loadStoredChannel(from: alice, to: bob)
            let again = await told.next()
            #expect(found?.id == channel.id && again == first.0)
            // They are left as they are.
            let left = try await store.load(newer)?.state
            #expect(left == [9])
        }
    }

    @Test func `an opening whose answer was lost is found beside a damaged record`() async throws {
        try await Stage.run { stage in
            let store = FailingStore()
            try await spoil(ChannelID(.zero), with: [1, 2, 3], in: store)
            let shop = try Shop(stage, aliceStore: store)
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            store.fail(after: 1)
            await #expect(throws: PaymentsError.store(.full(path: "the disk"))) {
                try await shop.alice.openChannel(from: alice, to: bob, deposit: units(600))
            }
            store.fail(false)
            try await shop.alice.openChannel(from: alice, to: bob, deposit: units(600))
            let held = try await stage.holds(stage.alice)
            #expect(held == 400)
        }
    }

    @Test func `channels are found on the ledger beside one whose record is damaged`() async throws {
        try await Stage.run { stage in
            let (store, told) = (try stage.store("alice"), Inbox<Told>())
            let payments = try Shop.payments(
                stage, by: stage.alice, store: store,
                options: PaymentsOptions(onUnreadable: { told.add(Told(channel: $0, error: $1)) }))
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            let small = try await payments.openChannel(from: alice, to: bob, deposit: units(50))
            let large = try await payments.openChannel(from: alice, to: bob, deposit: units(500))
            try await spoil(large.id, with: [1, 2, 3], in: store)
            let found = try await payments.loadChannel(from: alice, to: bob)
            let reported = await told.next()
            #expect(found.id == small.id && reported == Told(channel: large.id, error: .damaged))
            // Where there is no other, that is why nothing is found.
            try await payments.closeChannel()
            await #expect(throws: PaymentsError.record(.damaged)) {
                try await payments.loadChannel(from: alice, to: bob)
            }
        }
    }
}
