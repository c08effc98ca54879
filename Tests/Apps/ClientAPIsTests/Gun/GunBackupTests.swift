// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@testable import FarthingClientAPIs

@Suite("Channel state that is backed up in GUN", .timeLimit(.minutes(1)))
struct GunBackupTests {
    /// What a party has backed up itself.
    private func ownBackup(of id: ChannelID, by end: GunStateRelay) async throws -> GunAgreement? {
        let pinned = try #require(await end.channels[id])
        let soul = pinned.envelope.soul(of: id, owner: end.identity.contact.pub)
        let place = GunStateRelay.place(GunStateRelay.backupKey, soul)
        let value = try await end.client.get(soul, GunStateRelay.backupKey)
        return pinned.envelope.open(value, for: place, most: GunAgreement.mostBytes).flatMap {
            GunAgreement(message: $0)
        }
    }

    @Test func `who has lost everything but its key finds the newest state that both signed, and ends with it`()
        async throws
    {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: await relay.port)
            let pair = try await Pair(stage, relays: ends.relays)
            let id = try await pair.open(60, 40)
            try await ends.bob.remember(id)
            try await ends.client.publishContact()
            let connection = try await pair.connect(id)
            for nonce in [1, 3, 5] as [UInt64] {
                try await pair.client.pay(units(10), on: id)
                _ = await connection.atClient.next { $0.nonce == nonce }
            }
            for subscription in connection.subscriptions { await subscription.stop() }
            await ends.close()

            let bob = GunStateRelay(
                try await ground.client(at: [await relay.port]), identity: try await .derived(by: stage.bob))
            let remembered = try await bob.rememberedChannels()
            #expect(remembered == [id: ends.client.identity.contact])
            let found = try await bob.contact(of: stage.alice.address)
            #expect(found == ends.client.identity.contact)
            let api = try MicropaymentAPI(relay: bob, settlement: stage.ledger, store: stage.store("bob-again"))
            await api.setSigner(stage.bob)
            let contract = try #require(try await api.contract(of: id))
            try await bob.pin(try #require(remembered[id]), under: contract.state.terms, in: api.domain)
            let newest = try #require(try await bob.newestAgreement(of: id))
            #expect(newest.state == pair.state(5, 30, 70))
            try await api.finalizeChannel(
                id, state: newest.state, clientSignature: newest.signatures.first,
                relaySignature: newest.signatures.second)
            try await stage.wait(seconds: 900)
            try await api.payOutChannel(id)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1030)
            await bob.client.close()
            await relay.shutdown()
        }
    }

    @Test func `a backup that lacks a signature counts for nothing`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: await relay.port)
            let pair = try await Pair(stage, relays: ends.relays)
            let id = try await pair.open(100)
            let nothing = try await ends.client.newestAgreement(of: id)
            #expect(nothing == nil)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            // Bob backs up a state that Alice never signed, in his own part of the graph.
            let state = pair.state(7, 0, 100)
            let digest = state.digest(of: id, in: pair.bob.domain)
            let envelope = try GunEnvelope(ends.bob.identity.pair, with: ends.client.identity.pair.epub)
            let soul = envelope.soul(of: id, owner: ends.bob.identity.pair.pub)
            for forger in [stage.bob, stage.mallory] {
                let forged = GunAgreement(
                    SignedTwoWayState(
                        state, TwoWaySignatures(first: forger.signNow(digest), second: stage.bob.signNow(digest))),
                    of: id)
                let value = try envelope.seal(
                    forged.json.bytes, for: GunStateRelay.place(GunStateRelay.backupKey, soul))
                let path = String(soul.text.dropFirst(ends.bob.identity.pair.pub.soul.text.utf8.count + 1))
                _ = try await ends.bob.client.signed(by: ends.bob.identity.pair)
                    .put(.object([GunStateRelay.backupKey: .value(value)]), at: path)
                let newest = try await ends.client.newestAgreement(of: id)
                #expect(newest?.state == pair.state(1, 90, 10))
            }
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `a backup that was begun before a newer one and is written after it changes nothing`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: await relay.port)
            let pair = try await Pair(stage, relays: ends.relays)
            let id = try await pair.open(100)
            let domain = pair.client.domain
            let connection = try await pair.connect(id)
            for nonce in [1, 3] as [UInt64] {
                try await pair.client.pay(units(10), on: id)
                _ = await connection.atClient.next { $0.nonce == nonce }
            }
            for subscription in connection.subscriptions { await subscription.stop() }
            let old = pair.state(1, 90, 10)
            let digest = old.digest(of: id, in: domain)
            let signatures = TwoWaySignatures(first: stage.alice.signNow(digest), second: stage.bob.signNow(digest))
            let late = GunAgreement(SignedTwoWayState(old, signatures), of: id)
            for end in [ends.client, ends.bob] {
                while try await ownBackup(of: id, by: end)?.signed.state.nonce != 3 {}
                try await end.write([], late, of: id)
                let left = try await ownBackup(of: id, by: end)?.signed.state
                #expect(left == pair.state(3, 80, 20))
            }
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `a watch makes a state with two signatures out of nothing less`() async throws {
        try await Stage.run { stage in
            let pair = try await Pair(stage)
            let (terms, domain) = (pair.terms(), pair.client.domain)
            let id = terms.channelID(in: domain)
            let state = pair.state(1, 90, 10)
            func package(_ signer: KeySigner, _ state: TwoWayState) -> [UInt8] {
                StatePackage(
                    UnverifiedTwoWayPayment(state, signature: signer.signNow(state.digest(of: id, in: domain))), of: id
                ).json.bytes
            }
            func answer(_ signer: KeySigner, _ state: TwoWayState) -> [UInt8] {
                StateSignature(nonce: state.nonce, signature: signer.signNow(state.digest(of: id, in: domain))).json
                    .bytes
            }
            var watch = AgreementWatch(.second, of: id, under: terms, in: domain)
            for (message, kind, side) in [
                (package(stage.mallory, state), .state, .first), (answer(stage.bob, state), .signature, .second),
                (package(stage.alice, state), .state, .first), (answer(stage.mallory, state), .signature, .second),
                (answer(stage.bob, pair.state(1, 80, 20)), .signature, .second),
                (answer(stage.bob, state), .signature, .first),
            ] as [([UInt8], StateSlot.Kind, TwoWaySide)] {
                let nothing = watch.note(message, of: kind, by: side)
                #expect(nothing == nil)
            }
            let noted = watch.note(answer(stage.bob, state), of: .signature, by: .second)
            let agreement = try #require(noted)
            #expect(agreement.signed.state == state && GunAgreement(message: agreement.json.bytes) == agreement)
            // Nothing older takes its place.
            for (message, kind, side) in [
                (package(stage.alice, state), .state, .first), (answer(stage.bob, state), .signature, .second),
            ] as [([UInt8], StateSlot.Kind, TwoWaySide)] {
                let nothing = watch.note(message, of: kind, by: side)
                #expect(nothing == nil)
            }
            #expect(watch.newest == 1)
        }
    }
}
