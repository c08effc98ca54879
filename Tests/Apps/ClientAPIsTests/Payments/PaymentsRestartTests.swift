// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingBalanceProofScheme
import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingPrimitives
import FarthingSQLiteStore
import Testing

@Suite("Payments: after a crash")
struct PaymentsRestartTests {
    @Test func `the sender knows what it signed, confirmed or not`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let shop = try Shop(stage, aliceStore: store)
            try await shop.open(100)
            try await shop.pay(10)
            let pending = try await shop.alice.incrementBalanceAndSign(units(5))
            let restarted = try Shop.payments(
                stage, by: stage.alice, store: stage.storeAfterCrash(of: "alice", as: "alice-2"))
            let found = try await restarted.loadStoredChannel(from: stage.alice.address, to: stage.bob.address)
            #expect(found?.proof?.balance == units(10) && found?.nextProof == pending)
            // The proof itself is there to be sent again.
            let again = try await restarted.signNewProof()
            #expect(again == pending)
            let gain = try await shop.bob.receivePayment(again.unverified)
            #expect(gain == units(5))
            let next = try await restarted.incrementBalanceAndSign(units(1))
            #expect(next.balance == units(16))
        }
    }

    @Test func `the receiver knows its newest proof, and that it signed an end`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("bob")
            let shop = try Shop(stage, bobStore: store)
            let channel = try await shop.open(100)
            try await shop.pay(10)
            let late = try await shop.alice.incrementBalanceAndSign(units(5))
            let end = try await shop.bob.closingSignature()
            let restarted = try Shop.payments(
                stage, by: stage.bob, store: stage.storeAfterCrash(of: "bob", as: "bob-2"))
            try await restarted.setChannel(named: channel.id)
            await #expect(throws: PaymentsError.receiver(.ending(balance: units(10)))) {
                try await restarted.receivePayment(late.unverified)
            }
            let again = try await restarted.closingSignature()
            #expect(again == end)
        }
    }

    @Test func `a closing signature that was kept closes the channel later`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("alice")
            let shop = try Shop(stage, aliceStore: store)
            let channel = try await shop.open(100)
            try await shop.pay(10)
            let end = try await shop.bob.closingSignature()
            var known = try #require(try await shop.alice.channel)
            // The program ends between keeping the signature and handing it in: only its key is away.
            let watcher = try Payments(
                settlement: stage.ledger, token: stage.token.address, accounts: [AbsentSigner(stage.alice.address)],
                store: store)
            try await watcher.setChannel(known)
            await #expect(throws: PaymentsError.signer(reason: "Absent")) {
                try await watcher.closeChannel(with: end.unverified)
            }
            let restarted = try Shop.payments(
                stage, by: stage.alice, store: stage.storeAfterCrash(of: "alice", as: "alice-2"))
            try await restarted.setChannel(named: channel.id)
            known = try #require(try await restarted.channel)
            #expect(known.closingSignature == end)
            await #expect(throws: PaymentsError.sender(.ending)) {
                try await restarted.incrementBalanceAndSign(units(1))
            }
            try await restarted.closeChannel()
            let held = try await stage.holds(stage.bob)
            #expect(held == 1010)
        }
    }

    @Test func `nothing leaves that is not on the disk`() async throws {
        try await Stage.run { stage in
            let (aliceStore, bobStore) = (FailingStore(), FailingStore())
            let shop = try Shop(stage, aliceStore: aliceStore, bobStore: bobStore)
            try await shop.open(100)
            let proof = try await shop.alice.incrementBalanceAndSign(units(1))
            aliceStore.fail(true)
            bobStore.fail(true)
            let full = PaymentsError.store(.full(path: "the disk"))
            await #expect(throws: full) { try await shop.alice.incrementBalanceAndSign(units(1)) }
            await #expect(throws: full) { try await shop.alice.confirmPayment(proof.unverified) }
            await #expect(throws: full) { try await shop.bob.receivePayment(proof.unverified) }
            await #expect(throws: full) { try await shop.bob.closingSignature() }
            aliceStore.fail(false)
            let next = try await shop.alice.incrementBalanceAndSign(units(1))
            #expect(next.balance == units(2))
        }
    }

    @Test func `a record of something else is left alone`() async throws {
        try await Stage.run { stage in
            let store = try stage.store("other")
            let shop = try Shop(stage)
            let other = try Shop.payments(stage, by: stage.alice, store: store)
            let channel = try await shop.alice.openChannel(
                from: stage.alice.address, to: stage.bob.address, deposit: units(1))
            for (scheme, state, error) in [
                ("voucher", [1], .foreignRecord(channel.id)),
                ("balance-proof", [9], .record(.newer(version: 9))),
                ("balance-proof", [1, 2, 3], .record(.damaged)),
            ] as [(String, [UInt8], PaymentsError)] {
                let version = try await store.load(channel.id)?.version
                _ = try await store.commit(
                    ChannelCommit(channel: channel.id, scheme: scheme, state: state), over: version)
                await #expect(throws: error) { try await other.setChannel(named: channel.id) }
                let left = try await store.load(channel.id)?.state
                #expect(left == state)
            }
        }
    }
}

/// An account whose key is away.
struct AbsentSigner: Signer {
    struct Absent: Error {}
    let address: Address

    init(_ address: Address) { self.address = address }

    func sign(_ digest: Hash32) async throws -> Signature { throw Absent() }
}
