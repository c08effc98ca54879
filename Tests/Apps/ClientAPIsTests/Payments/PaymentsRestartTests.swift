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

    @Test func `an opening whose answer was lost is not made twice`() async throws {
        try await Stage.run { stage in
            let store = FailingStore()
            let shop = try Shop(stage, aliceStore: store)
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            // The deposit is made, and then the program ends.
            store.fail(after: 1)
            await #expect(throws: PaymentsError.store(.full(path: "the disk"))) {
                try await shop.alice.openChannel(from: alice, to: bob, deposit: units(600))
            }
            store.fail(false)
            let restarted = try Shop.payments(stage, by: stage.alice, store: store)
            let hidden = try await restarted.loadStoredChannel(from: alice, to: bob)
            #expect(hidden == nil)
            let channel = try await restarted.openChannel(from: alice, to: bob, deposit: units(600))
            let (held, info) = (try await stage.holds(stage.alice), try await restarted.channelInfo())
            #expect(held == 400 && info.deposit == units(600))
            // It has an answer by now, so this is another.
            let other = try await restarted.openChannel(from: alice, to: bob, deposit: units(400))
            let left = try await stage.holds(stage.alice)
            #expect(other.id != channel.id && left == 0)
        }
    }

    @Test func `an opening that did not come to the contract is made when it is asked for again`() async throws {
        try await Stage.run { stage in
            let store = FailingStore()
            let (alice, bob) = (stage.alice.address, stage.bob.address)
            let absent = try Shop.payments(stage, by: AbsentSigner(alice), store: store)
            await #expect(throws: PaymentsError.signer(reason: "Absent")) {
                try await absent.openChannel(from: alice, to: bob, deposit: units(600))
            }
            let payments = try Shop.payments(stage, by: stage.alice, store: store)
            try await payments.openChannel(from: alice, to: bob, deposit: units(600))
            let held = try await stage.holds(stage.alice)
            let known = try await store.channels(after: nil, limit: 10)
            #expect(held == 400 && known.count == 1)
        }
    }

    @Test(arguments: [0, 10, 7200] as [Int64])
    func `a top-up whose answer was lost is not made twice`(seconds: Int64) async throws {
        try await Stage.run { stage in
            let store = FailingStore()
            let shop = try Shop(stage, aliceStore: store)
            let channel = try await shop.open(100)
            store.fail(after: 1)
            await #expect(throws: PaymentsError.store(.full(path: "the disk"))) {
                try await shop.alice.topUpChannel(by: units(600))
            }
            store.fail(false)
            stage.clock.advance(bySeconds: seconds)
            let restarted = try Shop.payments(stage, by: stage.alice, store: store)
            try await restarted.setChannel(named: channel.id)
            // There are only 300 left, and they are not needed.
            let receipt = try await restarted.topUpChannel(by: units(600))
            #expect(receipt.snapshot.state.deposit == units(700))
            let held = try await stage.holds(stage.alice)
            #expect(held == 300)
            // These have answers, so each is another.
            for _ in 0..<2 { try await restarted.topUpChannel(by: units(100)) }
            let info = try await restarted.channelInfo()
            #expect(info.deposit == units(900))
        }
    }

    @Test func `several top-ups at once are each made`() async throws {
        try await Stage.run { stage in
            let shop = try Shop(stage)
            try await shop.open(100)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 { group.addTask { _ = try await shop.alice.topUpChannel(by: units(10)) } }
                try await group.waitForAll()
            }
            let info = try await shop.alice.channelInfo()
            #expect(info.deposit == units(150))
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
