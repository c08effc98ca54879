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
            try await pair.pay(3, on: id, connection)
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
            let newest = try #require(try await bob.newestAgreement(of: id).newest)
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

    /// A relay that answers at once, with what is old, would win against one that is not there yet.
    @Test func `the quickest relay does not decide what the newest backup is`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let slow = try await ground.relay(onDisk: true)
            let port = await slow.port
            let (ends, pair, id) = try await ground.channel(at: port)
            let connection = try await pair.connect(id)
            try await pair.pay(2, on: id, connection)
            while try await ownBackup(of: id, by: ends.bob)?.signed.state.nonce != 3 {}
            let terms = try #require(try await pair.bob.contract(of: id)).state.terms
            for subscription in connection.subscriptions { await subscription.stop() }
            await ends.close()
            await slow.shutdown()

            func bob(at ports: [Int], patience: Double = 5000) async throws -> GunStateRelay {
                let bob = GunStateRelay(
                    try await ground.client(at: ports, patience: patience), identity: try await .derived(by: stage.bob))
                try await bob.pin(ends.client.identity.contact, under: terms, in: pair.bob.domain)
                return bob
            }
            let quick = try await ground.relay()
            let ports = [await quick.port, port]
            let before = try await bob(at: [ports[0]])
            try await before.write([], agreement(pair.state(1, 90, 10), of: id, stage, pair), of: id)
            await before.client.close()

            let hasty = try await bob(at: ports, patience: 200)
            var read = try? await hasty.newestAgreement(of: id)
            // Even the quick one may take a while.
            while read?.answered ?? 0 == 0 { read = try? await hasty.newestAgreement(of: id) }
            let part = try #require(read)
            #expect(part.newest?.state == pair.state(1, 90, 10))
            #expect(part.answered == 1 && part.relays == 2 && !part.isWhole)
            await hasty.client.close()

            let patient = try await bob(at: ports, patience: 30_000)
            async let found = patient.newestAgreement(of: id)
            let again = try await ground.relay(port: port, onDisk: true)
            let whole = try await found
            #expect(whole.newest?.state == pair.state(3, 80, 20))
            #expect(whole.answered == 2 && whole.isWhole)
            await patient.client.close()
            await again.shutdown()
            await quick.shutdown()
        }
    }

    /// A state with both signatures, as it is backed up.
    private func agreement(_ state: TwoWayState, of id: ChannelID, _ stage: Stage, _ pair: Pair) -> GunAgreement {
        let digest = state.digest(of: id, in: pair.client.domain)
        let signatures = TwoWaySignatures(first: stage.alice.signNow(digest), second: stage.bob.signNow(digest))
        return GunAgreement(SignedTwoWayState(state, signatures), of: id)
    }

    /// Alice pays and is gone, then Bob signs: what she must find again when she is started anew.
    private func signedInAbsence(
        _ stage: Stage, at port: Int
    ) async throws -> (
        again: GunStateRelay, bob: GunStateRelay, id: ChannelID
    ) {
        let ground = GunGround(stage)
        let (ends, pair, id) = try await ground.channel(at: port)
        let terms = try #require(try await pair.bob.contract(of: id)).state.terms
        try await pair.client.pay(units(10), on: id)
        await ends.client.client.close()
        let heard = Inbox<TwoWayState>()
        let served = try await pair.bob.subscribeToChannel(id, policy: RelayPolicy()) { heard.add($0) }
        _ = await heard.next { $0.nonce == 1 }
        await served.stop()
        let again = GunStateRelay(
            try await ground.client(at: [port]), identity: try await .derived(by: stage.alice),
            refresh: .milliseconds(100))
        try await again.pin(ends.bob.identity.contact, under: terms, in: pair.client.domain)
        return (again, ends.bob, id)
    }

    @Test func `who was started anew before the other side signed backs up what came of it`() async throws {
        try await Stage.run { stage in
            let relay = try await GunGround(stage).relay()
            let (again, bob, id) = try await signedInAbsence(stage, at: await relay.port)
            let messages = try await again.messages(in: "signatures/\(id)/relay")
            _ = await messages.first { _ in true }
            while try await ownBackup(of: id, by: again)?.signed.state.nonce != 1 {}
            await again.client.close()
            await bob.client.close()
            await relay.shutdown()
        }
    }

    @Test func `who was started anew, and cannot read what it proposed, looks until it can`() async throws {
        try await Stage.run { stage in
            let relay = try await HostileRelay.start()
            let (again, bob, id) = try await signedInAbsence(stage, at: await relay.port)
            let envelope = try #require(await again.channels[id]).envelope
            await relay.hide(envelope.soul(of: id, owner: again.identity.contact.pub))
            let messages = try await again.messages(in: "signatures/\(id)/relay")
            _ = await messages.first { _ in true }
            while await relay.questionsInVain < 3 { try await Task.sleep(for: .milliseconds(10)) }
            await relay.hide(nil)
            while try await ownBackup(of: id, by: again)?.signed.state.nonce != 1 {}
            await again.client.close()
            await bob.client.close()
            await relay.shutdown()
        }
    }

    @Test func `a backup that lacks a signature counts for nothing`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let (ends, pair, id) = try await ground.channel(at: await relay.port)
            let nothing = try await ends.client.newestAgreement(of: id)
            #expect(nothing.newest == nil && nothing.isWhole)
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
                let newest = try await ends.client.newestAgreement(of: id).newest
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
            let (ends, pair, id) = try await ground.channel(at: await relay.port)
            let connection = try await pair.connect(id)
            try await pair.pay(2, on: id, connection)
            for subscription in connection.subscriptions { await subscription.stop() }
            let late = agreement(pair.state(1, 90, 10), of: id, stage, pair)
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
