// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
import FarthingGun
import FarthingPeerPayments
import FarthingPrimitives
import FarthingWallet
import Logging
import ServiceLifecycle

/// Serves payers that share nothing with the node but GUN relays, until it is asked to stop.
struct GunService: Service, CustomStringConvertible {
    /// `nil` serves nobody.
    let settings: NodeConfiguration.Gun?
    let counter: any PeerResponder
    let logger: Logger
    let onListening: @Sendable ([String]) async -> Void

    var description: String { "GUN door" }

    func run() async throws {
        guard let settings else { return try await gracefulShutdown() }
        let pair = try Self.pair(settings.keyPath)
        guard let client = await connected(to: settings.relays) else { return }
        let door = GunDoor(client, pair: pair, name: PeerSession.gunName)
        await door.open()
        await onListening(settings.relays.map { GunLocation.address(of: pair.pub, at: $0) })
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await stream in door.streams {
                    group.addTask { [counter] in await PeerSession(stream: stream, responder: counter).run() }
                }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            Task { await door.close() }
        }
        await door.close()
        await client.close()
    }

    /// Connects to one of the relays at least, however long that takes.
    ///
    /// - Returns: `nil` when the node is to stop first.
    private func connected(to relays: [String]) async -> GunClient? {
        await withTaskGroup(of: GunClient?.self) { group in
            group.addTask { [logger] in
                while !Task.isCancelled {
                    do throws(GunError) {
                        return try await GunClient.connect(to: relays, configuration: .forStreams, logger: logger)
                    } catch {
                        guard error != .cancelled else { return nil }
                        logger.warning("No GUN relay can be reached yet", metadata: ["reason": "\(error.message)"])
                    }
                }
                return nil
            }
            group.addTask {
                try? await gracefulShutdown()
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// The pair that follows from the key in a file.
    private static func pair(_ path: String) throws -> GunKeyPair {
        let key = try AuthorizerKey.secret(path)
        let signature = key.sign(BalanceProofLegacy.textDigest(GunKeyPair.derivationText))
        guard let pair = GunKeyPair(signature: signature.bytes) else { throw GunError.badKey }
        return pair
    }
}
