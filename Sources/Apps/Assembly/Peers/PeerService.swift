// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingKeyFiles
import FarthingLibP2P
import FarthingNode
import FarthingPeerPayments
import FarthingPrimitives
import Foundation
import Logging
import ServiceLifecycle

/// Listens for peers beside the node's HTTP port, until it is asked to stop.
struct PeerService: Service, CustomStringConvertible {
    /// MuP2P's messages, each behind its length.
    static let tokenProtocol = "/mup2p/1.0.0"
    /// - Unit: bytes.
    private static let longestMessage = 64 * 1024

    /// `nil` listens to nobody.
    let settings: NodeConfiguration.Peers?
    let counter: PeerCounter
    /// Where tokens are handed in by MuP2P's messages, by the name of the contract.
    let tokenDesks: [String: any TokenDesk]
    /// What a token is worth; `nil` takes none.
    let tokenPrice: Amount?
    /// What it costs now to redeem tokens of a contract.
    let tokenFees: @Sendable (_ contract: String) async -> ClaimFees?
    let logger: Logger
    let onListening: @Sendable ([Multiaddr]) async -> Void

    var description: String { "libp2p host" }

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
            if case .unreachable(let address, let reason) = error,
                reason.contains(String(cString: strerror(EADDRINUSE)))
            {
                throw ConfigurationError.portTaken("\(address)", setting: .libp2p)
            }
            throw ConfigurationError.cannotListen(addresses, why: error.description, setting: .libp2p)
        }
        try host.handle(PeerSession.protocolName) { [counter] stream in
            var counter = counter
            counter.client = stream.connection.remoteAddress?.ipText
            await PeerSession(stream: stream, responder: counter).run()
        }
        if let tokenPrice, !tokenDesks.isEmpty {
            try host.handle(Self.tokenProtocol) { [tokenDesks, tokenFees] stream in
                var session = TokenSession(desks: tokenDesks, price: tokenPrice, fees: tokenFees)
                while let message = try await stream.readFrame(limit: Self.longestMessage) {
                    // A token that was taken is answered before the connection makes room for another.
                    stream.hold()
                    defer { stream.release(isWritten: true) }
                    try await Self.send(await session.answer(message).bytes, on: stream)
                }
            }
        }
        let discovery = settings.isAnnounced ? await announced(host) : nil
        await onListening(host.addresses)
        try? await gracefulShutdown()
        await discovery?.stop()
        await host.shutdown()
    }

    /// Sends an answer, and breaks the stream off when the client makes no room for it.
    private static func send(_ answer: [UInt8], on stream: PeerStream) async throws {
        let watch = Task {
            try await Task.sleep(for: PeerPatience().writing)
            stream.reset()
        }
        defer { watch.cancel() }
        try await stream.writeFrame(answer)
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

extension Multiaddr {
    /// The address without its port, such as `192.0.2.7`; `nil` where a name stands in its place.
    fileprivate var ipText: String? {
        guard case .address(let address)? = tcpEndpoint?.host else { return nil }
        return "\(address)"
    }
}
