// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingGun
import FarthingPrimitives
import FarthingTwoWayScheme
import Testing

@Suite("MicropaymentAPI over GUN relays that fail or cheat", .timeLimit(.minutes(2)))
struct GunRelayTroubleTests {
    @Test(
        "A relay that cheats makes nobody sign, and only delays",
        arguments: HostileRelay.Mode.hostile)
    func cheats(mode: HostileRelay.Mode) async throws { try await cheat(mode) { $0.relays } }

    @Test(
        "Nor does it on Hedgehog's paths, where nothing is signed for GUN",
        arguments: [HostileRelay.Mode.drops, .lies, .replays, .rewrites, .swaps])
    func cheatsOnLegacyPaths(mode: HostileRelay.Mode) async throws {
        try await cheat(mode, isSealed: false) { $0.legacy }
    }

    private func cheat(
        _ mode: HostileRelay.Mode, isSealed: Bool = true, over relays: (GunEnds) -> Relays
    ) async throws {
        try await Stage.run { stage in
            let relay = try await HostileRelay.start()
            let ends = try await GunGround(stage).ends(at: await relay.port, patience: 300, answer: 5000)
            let pair = try await Pair(stage, relays: relays(ends))
            let (id, other) = (try await pair.open(100), try await pair.open(50))
            let (connection, second) = (try await pair.connect(id), try await pair.connect(other))
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            try await pair.client.pay(units(7), on: other)
            _ = await second.atClient.next { $0.nonce == 1 }

            await relay.turn(mode)
            for _ in 0..<2 {
                // What was signed is in the store, whatever the relay says.
                do throws(MicropaymentError) { try await pair.client.pay(units(10), on: id) } catch {
                    guard case .relay = error else { throw error }
                }
            }
            let proposed = try #require(try await pair.client.party(of: id)?.latest)
            #expect(proposed.balance(of: .second) == units(30))
            if mode == .floods { _ = await connection.atClient.next { $0 == proposed } }
            let taken = try #require(try await pair.bob.party(of: id))
            let honest = [pair.state(1, 90, 10), pair.state(3, 80, 20), proposed]
            #expect(honest.contains(taken.newest))
            if isSealed, mode != .floods, mode != .replays { #expect(taken.newest == honest[0]) }
            let elsewhere = try await pair.bob.currentState(of: other)
            #expect(elsewhere == pair.state(1, 43, 7))

            await relay.turn(.honest)
            // From here on only the monitor listens for Alice.
            await connection.subscriptions[1].stop()
            let before = try await pair.client.currentState(of: id)
            #expect(before.map(honest.contains) == true)
            let states = Inbox<TwoWayState>()
            let monitor = try await pair.client.monitorChannel(
                id, every: .milliseconds(50), onState: { states.add($0) }, onSilence: {})
            if before != proposed { _ = await states.next { $0 == proposed } }
            let agreed = try await pair.bob.currentState(of: id)
            #expect(agreed == proposed)
            await monitor.stop()
            try await pair.bob.finalizeChannel(id)
            try await pair.bob.finalizeChannel(other)
            try await stage.wait(seconds: 900)
            try await pair.bob.payOutChannel(id)
            try await pair.bob.payOutChannel(other)
            let (alice, bob) = (try await stage.holds(stage.alice), try await stage.holds(stage.bob))
            #expect(alice == 963 && bob == 1037)
            if isSealed, [.rewrites, .restates, .swaps, .floods].contains(mode) {
                let disbelieved = await ends.bob.client.disbelieved
                #expect(disbelieved > 0)
            }
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test("Payments go on over a relay that is started again", arguments: [true, false])
    func restarts(onDisk: Bool) async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            var relay = try await ground.relay(onDisk: onDisk)
            let port = await relay.port
            let (ends, pair, id) = try await ground.channel(at: port)
            let connection = try await pair.connect(id)
            let monitor = try await pair.client.monitorChannel(id, every: .milliseconds(50), onSilence: {})
            for round in 1...3 {
                await relay.shutdown()
                async let payment = pair.client.pay(units(10), on: id)
                relay = try await ground.relay(port: port, onDisk: onDisk)
                _ = try await payment
                let state = await connection.atBob.next { $0.secondBalance == units(10 * UInt128(round)) }
                #expect(state != nil)
            }
            await monitor.stop()
            await ends.close()
            await relay.shutdown()
        }
    }

    @Test func `what a relay lost is there again, for who comes later`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let port = await relay.port
            let (ends, pair, id) = try await ground.channel(at: port)
            let package = try await pair.client.pay(units(10), on: id)
            await relay.shutdown()
            let empty = try await ground.relay(port: port)
            // Bob has not listened yet, and Alice says nothing more.
            let states = Inbox<TwoWayState>()
            let served = try await pair.bob.subscribeToChannel(id, policy: RelayPolicy()) { states.add($0) }
            let state = await states.next { $0.nonce == 1 }
            #expect(state == package.state)
            await served.stop()
            await ends.close()
            await empty.shutdown()
        }
    }

    @Test func `what was written down for after a loss is there again too`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let port = await relay.port
            let (ends, _, id) = try await ground.channel(at: port)
            try await ends.bob.remember(id)
            try await ends.client.publishContact()
            await relay.shutdown()
            let empty = try await ground.relay(port: port)
            var found: [ChannelID: GunContact] = [:]
            while found.isEmpty { found = (try? await ends.bob.rememberedChannels()) ?? [:] }
            #expect(found == [id: ends.client.identity.contact])
            var contact: GunContact?
            while contact == nil { contact = try? await ends.bob.contact(of: stage.alice.address) }
            #expect(contact == ends.client.identity.contact)
            await ends.close()
            await empty.shutdown()
        }
    }

    @Test func `with two relays one may be gone`() async throws {
        try await Stage.run { stage in
            let ground = GunGround(stage)
            let (first, second) = (try await ground.relay(), try await ground.relay())
            let ports = [await first.port, await second.port]
            let ends = GunEnds(
                client: GunStateRelay(
                    try await ground.client(at: ports), identity: try await .derived(by: stage.alice)),
                bob: GunStateRelay(try await ground.client(at: ports), identity: try await .derived(by: stage.bob)))
            let pair = try await Pair(stage, relays: ends.relays)
            let id = try await pair.open(100)
            let connection = try await pair.connect(id)
            try await pair.client.pay(units(10), on: id)
            _ = await connection.atClient.next { $0.nonce == 1 }
            await first.shutdown()
            try await pair.client.pay(units(10), on: id)
            let state = await connection.atClient.next { $0.nonce == 3 }
            #expect(state == pair.state(3, 80, 20))
            await ends.close()
            await second.shutdown()
        }
    }
}
