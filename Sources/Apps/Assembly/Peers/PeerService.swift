// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingKeyFiles
import FarthingLibP2P
import FarthingPeerPayments
import FarthingPrimitives
import Logging
import ServiceLifecycle

/// Listens for peers beside the node's HTTP port, until it is asked to stop.
struct PeerService: Service {
    /// `nil` listens to nobody.
    let settings: NodeConfiguration.Peers?
    let counter: any PeerResponder
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
        await onListening(host.addresses)
        try? await gracefulShutdown()
        await host.shutdown()
    }
}
