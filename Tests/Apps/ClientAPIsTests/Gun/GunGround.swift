// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingClientAPIs
import FarthingContracts
import FarthingGun
import FarthingPrimitives
import Foundation
import Logging

/// What lies between Alice and Bob.
struct Relays: Sendable {
    let client: any StateRelay
    let bob: any StateRelay
    /// Makes a channel known to both ends.
    var pin: @Sendable (TwoWayTerms, ContractDomain) async throws -> Void = { _, _ in }

    static var inProcess: Relays {
        let relay = InProcessStateRelay()
        return Relays(client: relay, bob: relay)
    }
}

enum RelayKind: String, CaseIterable, Sendable {
    case inProcess, gun, legacyGun
}

extension Stage {
    /// Runs `body` on a stage with relays of a kind between the two, each with a client of its own.
    static func run(over kind: RelayKind, _ body: (Stage, Relays) async throws -> Void) async throws {
        try await run { stage in
            if kind == .inProcess { return try await body(stage, .inProcess) }
            let ground = GunGround(stage)
            let relay = try await ground.relay()
            let ends = try await ground.ends(at: relay.port)
            try await body(stage, kind == .gun ? ends.relays : ends.legacy)
            await ends.close()
            await relay.shutdown()
        }
    }
}

/// GUN relays and clients on loopback.
struct GunGround {
    let stage: Stage

    init(_ stage: Stage) { self.stage = stage }

    static let silent = Logger(label: "gun.tests") { _ in SwiftLogNoOpLogHandler() }

    func relay(port: Int = 0, onDisk: Bool = false) async throws -> GunRelay {
        var configuration = GunRelayConfiguration()
        configuration.port = port
        configuration.file = onDisk ? stage.folder + "/relay.sqlite" : nil
        return try await GunRelay.start(configuration, logger: Self.silent)
    }

    func client(at ports: [Int], patience: Double = 3000, answer: Double? = nil) async throws -> GunClient {
        var configuration = GunClientConfiguration()
        configuration.reconnection = .milliseconds(20)
        configuration.maximumReconnection = .milliseconds(100)
        configuration.skew = .zero
        configuration.timing.settling = 10
        configuration.timing.acknowledgement = patience
        configuration.timing.answer = answer ?? patience
        return try await GunClient.connect(
            to: ports.map { "ws://127.0.0.1:\($0)/gun" }, configuration: configuration, logger: Self.silent)
    }

    /// - Parameter answer: How long an answer is waited for, in milliseconds; as long as for an acknowledgement, unless
    ///   told.
    func ends(
        at port: Int, patience: Double = 3000, answer: Double? = nil, refresh: Duration = .milliseconds(100)
    ) async throws -> GunEnds {
        let client = try await client(at: [port], patience: patience, answer: answer)
        let bob = try await self.client(at: [port], patience: patience, answer: answer)
        return GunEnds(
            client: GunStateRelay(client, identity: try await .derived(by: stage.alice), refresh: refresh),
            bob: GunStateRelay(bob, identity: try await .derived(by: stage.bob), refresh: refresh))
    }

    /// Both ends, and a channel between them of which Alice has 100.
    func channel(at port: Int) async throws -> (ends: GunEnds, pair: Pair, id: ChannelID) {
        let ends = try await ends(at: port)
        let pair = try await Pair(stage, relays: ends.relays)
        return (ends, pair, try await pair.open(100))
    }
}

/// Alice's and Bob's ends of GUN.
struct GunEnds: Sendable {
    let client: GunStateRelay
    let bob: GunStateRelay

    var relays: Relays {
        Relays(client: client, bob: bob) { [client, bob] terms, domain in
            try await client.pin(bob.identity.contact, under: terms, in: domain)
            try await bob.pin(client.identity.contact, under: terms, in: domain)
        }
    }

    var legacy: Relays {
        let (client, bob) = (LegacyGunStateRelay(client.client), LegacyGunStateRelay(bob.client))
        return Relays(client: client, bob: bob) { terms, domain in
            await client.pin(terms, in: domain)
            await bob.pin(terms, in: domain)
        }
    }

    func close() async {
        await client.client.close()
        await bob.client.close()
    }
}
