// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingLibP2P
import FarthingPeerPayments
import FarthingWallet
import Testing

/// Peers that find each other by multicast DNS, on the loopback.
@Suite("A wallet that looks for peers", .timeLimit(.minutes(1)))
struct PeerFinderTests {
    private static func configuration() throws -> MulticastDiscovery.Configuration {
        var configuration = MulticastDiscovery.Configuration()
        configuration.port = Int.random(in: 20_000...60_000)
        configuration.interface = IPAddress(version4: "127.0.0.1")
        configuration.includesLoopback = true
        return configuration
    }

    private func withPayee(
        _ test: (PeerHost, PeerFinder, MulticastDiscovery.Configuration) async throws -> Void
    ) async throws {
        let configuration = try Self.configuration()
        try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { payee in
            try payee.handle(PeerSession.protocolName) { _ in }
            let discovery = try await MulticastDiscovery.start(for: payee, configuration: configuration)
            try await test(payee, PeerFinder(configuration: configuration), configuration)
            await discovery.stop()
        }
    }

    @Test func `finds a peer by its id`() async throws {
        try await withPayee { payee, finder, _ in
            try await PeerHost.withHost { host in
                try await finder.find(payee.peerID, for: host, within: .seconds(10))
                let stream = try await host.open(PeerSession.protocolName, to: payee.peerID)
                #expect(stream.remotePeer == payee.peerID)
                stream.reset()
            }
        }
    }

    @Test func `lists who sells, and nobody else`() async throws {
        try await withPayee { payee, finder, configuration in
            try await PeerHost.withHost(on: [try Multiaddr(text: "/ip4/127.0.0.1/tcp/0")]) { stranger in
                let discovery = try await MulticastDiscovery.start(for: stranger, configuration: configuration)
                try await PeerHost.withHost { host in
                    let payees = try await finder.payees(for: host, within: .seconds(2))
                    #expect(payees == payee.addresses)
                }
                await discovery.stop()
            }
        }
    }

    @Test func `says that a peer was not found`() async throws {
        try await PeerHost.withHost { host in
            let peer = PeerIdentity().peerID
            await #expect(throws: P2PError.noAddress(peer)) {
                try await PeerFinder(configuration: try Self.configuration()).find(
                    peer, for: host, within: .milliseconds(200))
            }
        }
    }
}
