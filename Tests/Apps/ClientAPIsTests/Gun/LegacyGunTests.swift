// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingEncodings
import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("Channel state where Hedgehog has it in GUN", .timeLimit(.minutes(1)))
struct LegacyGunTests {
    /// A pair over Hedgehog's paths, and somebody else who may write there too.
    private func run(_ body: (Stage, Pair, GunRelay, GunClient) async throws -> Void) async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: await relay.port)
            let mallory = try await ground.client(at: [await relay.port])
            try await body(stage, try await Pair(stage, relays: ends.legacy), relay, mallory)
            await mallory.close()
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `pays, and leaves in the graph what Hedgehog would`() async throws {
        try await run { stage, pair, relay, mallory in
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            let package = try await pair.client.pay(units(10), on: id)
            let state = await connection.atClient.next { $0.nonce == 1 }
            #expect(state == package.state)
            let channel = try #require(await relay.node(Soul("channels/\(id)")))
            #expect(channel["data"] == .link(Soul("channels/\(id)/data")))
            #expect(channel["signature"] == .text(package.signature.hex))
            let data = try #require(await relay.node(Soul("channels/\(id)/data")))
            #expect(data["nonce"] == 1 && data["clientBalance"] == "90" && data["relayBalance"] == "10")
            let answer = try #require(try await mallory.get(Soul("relaySignatures/\(id)")))
            #expect(answer["stateNonce"] == 1)
            let signature = stage.bob.signNow(package.state.digest(of: id, in: pair.bob.domain))
            #expect(answer["signature"] == .text(signature.hex))
        }
    }

    @Test func `passes over whatever the client did not sign, and takes what it signs then`() async throws {
        try await run { stage, pair, _, mallory in
            let id = try await pair.open(100)
            let other = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atBob.next { $0.nonce == 1 }
            let domain = pair.bob.domain
            let soul = Soul("channels/\(id)")
            let more = pair.state(3, 0, 100)
            func data(_ nonce: GunTree, _ client: GunTree, _ relay: GunTree) -> GunTree {
                ["channelId": .value(.text("\(id)")), "nonce": nonce, "clientBalance": client, "relayBalance": relay]
            }
            let elsewhere = stage.alice.signNow(more.digest(of: other, in: domain)).hex
            let forgeries: [GunTree] = [
                [
                    "data": data(3, "0", "100"),
                    "signature": .value(.text(stage.mallory.signNow(more.digest(of: id, in: domain)).hex)),
                ],
                [
                    "data": data(3, "0", "100"),
                    "signature": .value(.text(stage.bob.signNow(more.digest(of: id, in: domain)).hex)),
                ],
                ["data": data(3, "0", "100"), "signature": .value(.text(elsewhere))],
                // Alice's own signature over the state before, under other sums and another nonce.
                ["data": data(3, "0", "100")], ["data": data("3", "90", "10")], ["data": data(1, "0", "100")],
                ["data": data(-1, 1.5, true)], ["data": data(1e300, nil, "")], ["data": "no object", "signature": 7],
                ["data": data("18446744073709551616", "-1", "0x10")],
                ["signature": .value(.text(String(repeating: "0", count: 100_000)))],
                ["data": data(.value(.text(String(repeating: "1", count: 100_000))), "1", "2")],
                ["signature": nil], ["closeSignature": .value(.text(elsewhere))],
            ]
            for forgery in forgeries { try await mallory.put(forgery, at: soul) }
            for (nonce, signature) in [(1, elsewhere), (3, elsewhere), (3, "0x00"), (1, "")] as [(Int, String)] {
                try await mallory.put(
                    ["stateNonce": .value(.number(Double(nonce))), "signature": .value(.text(signature))],
                    at: Soul("relaySignatures/\(id)"))
            }
            let untouched = try await pair.bob.party(of: id)
            #expect(untouched?.newest == pair.state(1, 90, 10) && untouched?.highest == 1)
            try await pair.client.pay(units(5), on: id)
            let state = await connection.atClient.next { $0.nonce == 3 }
            #expect(state == pair.state(3, 85, 15))
            try await pair.bob.finalizeChannel(id)
            try await stage.wait(seconds: 900)
            try await pair.bob.payOutChannel(id)
            let held = try await stage.holds(stage.bob)
            #expect(held == 1015)
        }
    }

    @Test func `keeps to the client's states and the relay's signatures`() async throws {
        try await run { stage, pair, _, _ in
            let id = try await pair.open(60, 40)
            let slot = "channels/\(id)/relay"
            await #expect(throws: MicropaymentError.relay(.unknownSlot(slot))) {
                try await pair.bob.pay(units(1), on: id)
            }
            await #expect(throws: StateRelayError.unknownSlot("channels/\(id)/client")) {
                try await pair.relay.put(Array("{}".utf8), in: "channels/\(id)/client")
            }
            let unknown = pair.terms().channelID(in: pair.client.domain)
            await #expect(throws: StateRelayError.unknownSlot("channels/\(unknown)/client")) {
                _ = try await pair.relay.messages(in: "channels/\(unknown)/client")
            }
        }
    }

    @Test func `carries what a JavaScript number cannot as a text, and finds a channel under the client's address`()
        async throws
    {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let client = try await ground.client(at: [await relay.port])
            let pair = try await Pair(stage)
            let terms = pair.terms(UInt128(UInt64.max))
            let legacy = LegacyGunStateRelay(client)
            let id = await legacy.pin(terms, in: pair.client.domain, as: stage.alice.address.hex)
            for nonce in [1 << 53, (1 << 53) + 1, .max] as [UInt64] {
                let state = pair.state(nonce, 3, UInt128(nonce))
                let digest = state.digest(of: id, in: pair.client.domain)
                let message = StatePackage(
                    UnverifiedTwoWayPayment(state, signature: stage.alice.signNow(digest)), of: id
                ).json.bytes
                try await legacy.put(message, in: "channels/\(id)/client")
                let heard = try await legacy.messages(in: "channels/\(id)/client").first { _ in true }
                #expect(try heard.map { try StatePackage(message: $0).state } == state)
                let answer = StateSignature(nonce: nonce, signature: stage.bob.signNow(digest))
                try await legacy.put(answer.json.bytes, in: "signatures/\(id)/relay")
                let answers = try await legacy.messages(in: "signatures/\(id)/relay")
                let told = await answers.first { (try? StateSignature(message: $0)) == answer }
                #expect(told != nil)
            }
            let node = await relay.node(Soul("channels/\(stage.alice.address.hex)/data"))
            #expect(node?["nonce"] == .text("\(UInt64.max)"))
            await client.close()
            await relay.shutdown()
        }
    }
}
