// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingKeyFiles
import FarthingLibP2P
import FarthingPeerPayments
import FarthingPrimitives
import Logging
import ServiceLifecycle

/// Listens for peers beside the node's HTTP port, until it is asked to stop.
struct PeerService: Service {
    /// MuP2P's messages, each behind its length.
    static let tokenProtocol = "/mup2p/1.0.0"
    /// - Unit: bytes.
    private static let longestMessage = 64 * 1024

    /// `nil` listens to nobody.
    let settings: NodeConfiguration.Peers?
    let counter: any PeerResponder
    /// Where tokens are handed in by MuP2P's messages, by the name of the contract.
    let tokenDesks: [String: any TokenDesk]
    /// What a token is worth; `nil` takes none.
    let tokenPrice: Amount?
    let logger: Logger
    let onListening: @Sendable ([Multiaddr]) async -> Void

    func run() async throws {
        guard let settings else { return try await gracefulShutdown() }
        let key = try AuthorizerKey.secret(settings.identityPath)
        var configuration = HostConfiguration(logger: logger)
        configuration.agent = "farthing"
        let host: PeerHost
        do {
            host = try await PeerHost.listen(
                on: settings.listen, identity: PeerIdentity(secp256k1: key), configuration: configuration)
        } catch {
            let addresses = settings.listen.map(\.description).joined(separator: ", ")
            throw ConfigurationError.cannotListen(addresses, why: error.description)
        }
        try host.handle(PeerSession.protocolName) { [counter] stream in
            await PeerSession(stream: stream, responder: counter).run()
        }
        if let tokenPrice, !tokenDesks.isEmpty {
            try host.handle(Self.tokenProtocol) { [tokenDesks] stream in
                var session = TokenSession(desks: tokenDesks, price: tokenPrice)
                while let message = try await stream.readFrame(limit: Self.longestMessage) {
                    try await stream.writeFrame(await session.answer(message).bytes)
                }
            }
        }
        let discovery = settings.isAnnounced ? await announced(host) : nil
        await onListening(host.addresses)
        try? await gracefulShutdown()
        await discovery?.stop()
        await host.shutdown()
    }

    /// Tells the local network of the node; whoever knows its address needs none of that.
    private func announced(_ host: PeerHost) async -> MulticastDiscovery? {
        do throws(P2PError) {
            return try await MulticastDiscovery.start(for: host)
        } catch {
            logger.warning("The local network is not told of this node", metadata: ["reason": "\(error)"])
            return nil
        }
    }
}
