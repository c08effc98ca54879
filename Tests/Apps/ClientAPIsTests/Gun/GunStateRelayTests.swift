// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingEncodings
import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme
import Foundation
import Testing

@testable import FarthingClientAPIs

@Suite("Channel state in GUN", .timeLimit(.minutes(1)))
struct GunStateRelayTests {
    @Test func `keys come from the account's key, the same each time`() async throws {
        let (alice, bob) = (try person("Alice"), try person("Bob"))
        let (first, again, other) = (
            try await GunIdentity.derived(by: alice), try await GunIdentity.derived(by: alice),
            try await GunIdentity.derived(by: bob)
        )
        #expect(first.pair.pub == again.pair.pub && first.pair.epub == again.pair.epub)
        #expect(first.pair.pub != other.pair.pub && first.pair.pub.text != first.pair.epub)
        #expect(first.account == alice.address)
        await #expect(throws: GunContactError.signer(reason: "it signed something else")) {
            _ = try await GunIdentity.derived(by: WrongSigner(signer: alice))
        }
        let kept = try await GunIdentity(pair: GunKeyPair(), of: alice)
        #expect(kept.account == alice.address && kept.pair.pub != first.pair.pub)
    }

    @Test func `a contact is what its account signed, and nothing else`() async throws {
        let (alice, bob) = (try person("Alice"), try person("Bob"))
        let contact = try await GunIdentity.derived(by: alice).contact
        let other = try await GunIdentity.derived(by: bob).contact
        #expect(try GunContact(text: contact.json.text) == contact)
        for (json, error) in [
            (contact.json.adding("pub", .string(other.pub.text)), .signature(of: alice.address)),
            (contact.json.adding("epub", .string(other.epub)), .signature(of: alice.address)),
            (contact.json.adding("account", .string(bob.address.hex)), .signature(of: bob.address)),
            (contact.json.adding("signature", .string(other.signature.hex)), .signature(of: alice.address)),
            (contact.json.adding("epub", "x.y"), .malformed), (contact.json.adding("pub", 1), .malformed),
            ("text", .malformed), ([:], .malformed),
        ] as [(JSON, GunContactError)] {
            #expect(throws: error) { try GunContact(json) }
        }
        #expect(throws: GunContactError.malformed) { try GunContact(text: String(repeating: " ", count: 2000)) }
    }

    @Test func `says so when it listens to as much as relays allow, instead of hearing nothing`() async throws {
        try await Stage.run { stage in
            let relay = try await GunGround(stage).relay()
            let ends = try await GunGround(stage).ends(at: await relay.port)
            let pair = try await Pair(stage)
            try await ends.relays.pin(pair.terms(), pair.client.domain)
            let id = try #require(await ends.client.channels.keys.first)
            var streams: [AsyncStream<[UInt8]>] = []
            for _ in 0..<4096 { streams.append(try await ends.client.messages(in: "channels/\(id)/relay")) }
            await #expect(throws: StateRelayError.full) {
                _ = try await ends.client.messages(in: "channels/\(id)/relay")
            }
            #expect(streams.count == 4096)
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `writes in its own slots of channels that are pinned, and nowhere else`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: await relay.port)
            let pair = try await Pair(stage)
            let (terms, domain) = (pair.terms(), pair.client.domain)
            let id = terms.channelID(in: domain)
            await #expect(throws: StateRelayError.unknownSlot("channels/\(id)/client")) {
                try await ends.client.put([1], in: "channels/\(id)/client")
            }
            await #expect(throws: GunContactError.notParty(stage.alice.address)) {
                try await ends.client.pin(ends.client.identity.contact, under: terms, in: domain)
            }
            var foreign = terms
            foreign.first = stage.mallory.address
            await #expect(throws: GunContactError.notParty(stage.alice.address)) {
                try await ends.client.pin(ends.bob.identity.contact, under: foreign, in: domain)
            }
            let pinned = try await ends.client.pin(ends.bob.identity.contact, under: terms, in: domain)
            #expect(pinned == id)
            for slot in [
                "channels/\(id)/relay", "signatures/\(id)/relay", "channels/\(id)", "channels/\(id)/client/x",
                "other/\(id)/client", "channels/0x00/client", "",
            ] {
                await #expect(throws: StateRelayError.unknownSlot(slot)) { try await ends.client.put([1], in: slot) }
            }
            await #expect(throws: StateRelayError.tooLarge(bytes: 1025, most: 1024)) {
                try await ends.client.put(Array(repeating: 0, count: 1025), in: "channels/\(id)/client")
            }
            await #expect(throws: StateRelayError.unknownSlot("nothing")) {
                _ = try await ends.client.messages(in: "nothing")
            }
            // Whatever bytes these are, the other side gets them.
            try await ends.bob.pin(ends.client.identity.contact, under: terms, in: domain)
            let messages = try await ends.bob.messages(in: "channels/\(id)/client")
            let bytes = (0..<1024).map { UInt8(truncatingIfNeeded: $0) }
            try await ends.client.put(bytes, in: "channels/\(id)/client")
            let heard = await messages.first { _ in true }
            #expect(heard == bytes)
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `shows relays neither sums nor channels`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let (ends, pair, id) = try await ground.channel(at: await relay.port)
            try await pair.client.pay(units(10), on: id)
            let envelope = try GunEnvelope(ends.client.identity.pair, with: ends.bob.identity.contact.epub)
            let soul = envelope.soul(of: id, owner: ends.client.identity.contact.pub)
            let node = try #require(await relay.node(soul))
            let text = GraphWire.json([node]).text
            #expect(!text.contains("\(id)".dropFirst(2)) && !text.contains("Balance"))
            // The value opens for its place and for no other, and not with another's keys.
            let value = try #require(try await ends.client.client.get(soul, "state"))
            let place = GunStateRelay.place("state", soul)
            #expect(envelope.open(value, for: place, most: 1024) != nil)
            #expect(envelope.open(value, for: GunStateRelay.place("signature", soul), most: 1024) == nil)
            #expect(envelope.open(value, for: place, most: 10) == nil)
            let mallory = try await GunIdentity.derived(by: stage.mallory)
            let hers = try GunEnvelope(mallory.pair, with: ends.bob.identity.contact.epub)
            #expect(hers.open(value, for: place, most: 1024) == nil)
            for rubbish in [nil, 1, "", "SEA{}", .text(String(repeating: "S", count: 9000))] as [GunValue?] {
                #expect(envelope.open(rubbish, for: place, most: 1024) == nil)
            }
            await ends.close()
            await relay.shutdown()
        }
    }

    /// A party that has put 1 into its slot of a channel, and was started again with a clock that is five seconds late.
    private struct LateParty {
        let ends: GunEnds
        let id: ChannelID
        let slot: String
        let late: GunStateRelay

        init(_ stage: Stage, at port: Int) async throws {
            let ground = GunGround(stage)
            ends = try await ground.ends(at: port, patience: 200, answer: 5000)
            let pair = try await Pair(stage, relays: ends.relays)
            let terms = pair.terms()
            id = terms.channelID(in: pair.client.domain)
            slot = "channels/\(id)/client"
            try await ends.relays.pin(terms, pair.client.domain)
            try await ends.client.put([1], in: slot)
            late = GunStateRelay(
                try await ground.client(at: [port], patience: 200, answer: 5000), identity: ends.client.identity,
                now: { Date().timeIntervalSince1970 * 1000 - 5000 })
            try await late.pin(ends.bob.identity.contact, under: terms, in: pair.client.domain)
        }

        /// What stands in the slot once the relay has answered the other side, whatever older came before.
        var newest: [UInt8]? {
            get async throws {
                let pinned = try #require(await ends.bob.channels[id])
                let soul = pinned.envelope.soul(of: id, owner: ends.client.identity.contact.pub)
                let value = try await ends.bob.client.get(soul, "state")
                return pinned.envelope.open(
                    value, for: GunStateRelay.place("state", soul), most: StateRelayError.mostBytes)
            }
        }

        func close() async {
            await late.client.close()
            await ends.close()
        }
    }

    @Test func `goes on after what it wrote under a clock that was ahead`() async throws {
        try await Stage.run { stage in
            let relay = try await GunGround(stage).relay()
            let party = try await LateParty(stage, at: await relay.port)
            try await party.late.put([2], in: party.slot)
            let newest = try await party.newest
            #expect(newest == [2])
            await party.close()
            await relay.shutdown()
        }
    }

    @Test func `writes nothing over what it was given while it looked how far its clock was behind`() async throws {
        try await Stage.run { stage in
            let relay = try await HostileRelay.start()
            let party = try await LateParty(stage, at: await relay.port)
            let (late, id, slot) = (party.late, party.id, party.slot)
            let newer = Inbox<Bool>()
            await relay.beforeNextAnswer {
                let before = await late.channels[id]?.entries["state"]
                Task { newer.add((try? await late.put([3], in: slot)) != nil) }
                while await late.channels[id]?.entries["state"] == before { await Task.yield() }
            }
            try await late.put([2], in: slot)
            let isWritten = await newer.next()
            #expect(isWritten == true)
            let newest = try await party.newest
            #expect(newest == [3])
            await party.close()
            await relay.shutdown()
        }
    }
}

/// Signs something else than it is asked to.
private struct WrongSigner: Signer {
    let signer: KeySigner

    var address: Address { signer.address }

    func sign(_ digest: Hash32) async throws -> Signature { try await signer.sign(.zero) }
}
