// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingLibP2P
import FarthingPeerPayments

/// Finds peers on the local network that sell something, without anybody having configured anything.
///
/// What is found by multicast DNS is a rumour; whether the right peer answers, the handshake tells.
///
/// - Source: libp2p specs, discovery/mdns.md.
public struct PeerFinder: Sendable {
    /// How many peers are asked at most whether they sell: anybody makes up as many as it likes.
    private static let mostAsked = 1024

    private var configuration: MulticastDiscovery.Configuration

    public init(configuration: MulticastDiscovery.Configuration = MulticastDiscovery.Configuration()) {
        self.configuration = configuration
        // Who answered somebody else a moment ago does not answer; so ask more than once in the time there is.
        self.configuration.interval = min(configuration.interval, .milliseconds(700))
    }

    /// Looks for one peer, and has the host remember where it is.
    ///
    /// - Throws: `P2PError.noAddress(_:)` when it was not found in time, `P2PError.noMulticast(reason:)`.
    public func find(_ peer: PeerID, for host: PeerHost, within time: Duration) async throws(P2PError) {
        let discovery = try await MulticastDiscovery.start(for: host, configuration: configuration)
        let found = await Self.first(of: discovery.peers, within: time) { $0.peer == peer }
        await discovery.stop()
        guard let found else { throw .noAddress(peer) }
        host.learn(found.addresses, of: peer)
    }

    /// The addresses of all peers that speak `/farthing/pay/1.0.0`, each with its peer id.
    ///
    /// - Parameter time: For how long to look; those that were found by then are waited for as long as the host's own
    ///   limits for dialling and negotiating let them take.
    public func payees(for host: PeerHost, within time: Duration) async throws(P2PError) -> [Multiaddr] {
        let discovery = try await MulticastDiscovery.start(for: host, configuration: configuration)
        let found = await withTaskGroup(of: Multiaddr?.self) { group in
            group.addTask {
                try? await Task.sleep(for: time)
                await discovery.stop()
                return nil
            }
            var asked = Set<PeerID>()
            for await rumour in discovery.peers {
                guard asked.count < Self.mostAsked, asked.insert(rumour.peer).inserted else { continue }
                group.addTask { await Self.payee(rumour, for: host) }
            }
            var payees: [Multiaddr] = []
            for await payee in group { if let payee { payees.append(payee) } }
            return payees
        }
        return found.sorted { $0.description < $1.description }
    }

    private static func payee(_ rumour: DiscoveredPeer, for host: PeerHost) async -> Multiaddr? {
        host.learn(rumour.addresses, of: rumour.peer)
        guard let stream = try? await host.open(PeerSession.protocolName, to: rumour.peer) else { return nil }
        defer { stream.reset() }
        return (stream.connection.remoteAddress ?? rumour.addresses.first)?.naming(rumour.peer)
    }

    private static func first(
        of peers: AsyncStream<DiscoveredPeer>, within time: Duration,
        where fits: @escaping @Sendable (DiscoveredPeer) -> Bool
    ) async -> DiscoveredPeer? {
        await withTaskGroup(of: DiscoveredPeer?.self) { group in
            group.addTask {
                for await peer in peers where fits(peer) { return peer }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
