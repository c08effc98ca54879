// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingGun
import FarthingWallet
import Foundation
import Logging

/// GUN relays on loopback, and clients that do not wait long.
enum GunGrounds {
    static let silent = Logger(label: "gun.tests") { _ in SwiftLogNoOpLogHandler() }

    static var timing: GunStreamTiming {
        var timing = GunStreamTiming()
        timing.repetition = .milliseconds(100)
        timing.longestRepetition = .milliseconds(500)
        timing.call = .milliseconds(400)
        return timing
    }

    static func relay(port: Int = 0) async throws -> GunRelay {
        var configuration = GunRelayConfiguration()
        configuration.port = port
        return try await GunRelay.start(configuration, logger: silent)
    }

    static func withRelay<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let relay = try await relay()
        do {
            let result = try await body("ws://127.0.0.1:\(await relay.port)/gun")
            await relay.shutdown()
            return result
        } catch {
            await relay.shutdown()
            throw error
        }
    }

    static func client(at relays: [String]) async throws -> GunClient {
        var configuration = GunClientConfiguration.forStreams
        configuration.reconnection = .milliseconds(20)
        configuration.maximumReconnection = .milliseconds(100)
        configuration.timing.acknowledgement = 400
        configuration.timing.answer = 400
        return try await GunClient.connect(to: relays, configuration: configuration, logger: silent)
    }

    /// Runs a test with a payer's carrier.
    static func withCarrier<Result>(
        at relays: [String], _ body: (GunCarrier) async throws -> Result
    ) async throws -> Result {
        let carrier = GunCarrier(try await client(at: relays), timing: timing)
        do {
            let result = try await body(carrier)
            await carrier.close()
            return result
        } catch {
            await carrier.close()
            throw error
        }
    }
}

/// What carries payments between peers.
enum PeerRoad: String, CaseIterable, Sendable {
    case libp2p, gun
}
