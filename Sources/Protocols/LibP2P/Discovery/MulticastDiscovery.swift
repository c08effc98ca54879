// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
internal import NIOPosix

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Finds peers of the same network by multicast DNS, and lets them find this host.
///
/// ```swift
/// let discovery = try await MulticastDiscovery.start(for: host)
/// for await peer in discovery.peers { print(peer.addresses) }
/// ```
///
/// What is found is not vouched for by anybody; the handshake tells whether the right peer answers. Stop it before the
/// host is shut down.
///
/// - Source: libp2p specs, discovery/mdns.md, revision 2; RFC 6762.
public final class MulticastDiscovery: Sendable {
    /// Where it listens and asks, and how often.
    public struct Configuration: Hashable, Sendable {
        /// The group of multicast DNS over IP version 4.
        public var group = "224.0.0.251"
        public var port = 5353
        /// The address of the only interface to be used; `nil` takes those that the system takes.
        public var interface: IPAddress?
        /// How long from one question to the next.
        public var interval: Duration = .seconds(20)
        /// How long from one answer to the next; questions in between are not answered.
        public var answerInterval: Duration = .milliseconds(500)
        /// How long a peer that is not heard of is remembered; then it is told of again.
        public var memory: Duration = .seconds(360)
        /// Whether addresses of the loopback are told and believed.
        public var includesLoopback = false

        public init() {}
    }

    /// How many peers are remembered, so that each is told of only once for the same addresses.
    static let mostRemembered = 1024
    /// How many addresses of one peer are told or believed.
    static let mostAddresses = 16

    /// Peers as they are found; each again when its addresses change, or when it comes back after a while.
    public let peers: AsyncStream<DiscoveredPeer>

    private let channel: any Channel

    private init(channel: any Channel, peers: AsyncStream<DiscoveredPeer>) {
        self.channel = channel
        self.peers = peers
    }

    deinit { channel.close(promise: nil) }

    /// Joins the group, and asks at once.
    ///
    /// - Throws: ``P2PError/noMulticast(reason:)`` when the group cannot be joined.
    public static func start(
        for host: PeerHost, configuration: Configuration = Configuration()
    ) async throws(P2PError) -> MulticastDiscovery {
        let (peers, continuation) = AsyncStream.makeStream(
            of: DiscoveredPeer.self, bufferingPolicy: .bufferingNewest(mostRemembered))
        do {
            let group = try SocketAddress(ipAddress: configuration.group, port: configuration.port)
            let channel = try await DatagramBootstrap(group: host.group)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelOption(.socketOption(.init(rawValue: SO_REUSEPORT)), value: 1)
                .channelInitializer { [weak host] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            MulticastHandler(
                                host: host, group: group, configuration: configuration, found: continuation))
                    }
                }
                .bind(host: "0.0.0.0", port: configuration.port).get()
            do { try await join(group, channel, configuration) } catch {
                channel.close(promise: nil)
                throw error
            }
            channel.pipeline.fireUserInboundEventTriggered(MulticastHandler.Joined())
            return MulticastDiscovery(channel: channel, peers: peers)
        } catch {
            continuation.finish()
            throw .noMulticast(reason: "\(error)")
        }
    }

    /// What `IP_ADD_MEMBERSHIP` takes, which is `ip_mreq`: two addresses, the high byte first.
    private struct Membership: Sendable {
        let group: UInt32
        let interface: UInt32

        init?(_ group: String, _ interface: IPAddress) {
            guard let group = IPAddress(version4: group), interface.isVersion4 else { return nil }
            self.group = Self.word(group)
            self.interface = Self.word(interface)
        }

        private static func word(_ address: IPAddress) -> UInt32 {
            UInt32(bigEndian: address.bytes.reduce(0) { $0 << 8 | UInt32($1) })
        }
    }

    private static func join(
        _ group: SocketAddress, _ channel: any Channel, _ configuration: Configuration
    ) async throws {
        guard let multicast = channel as? any MulticastChannel, let options = channel as? any SocketOptionProvider
        else { throw P2PError.shutDown }
        guard let interface = configuration.interface else { return try await multicast.joinGroup(group).get() }
        guard let membership = Membership(configuration.group, interface) else {
            throw P2PError.address(.unsupported("\(interface)"))
        }
        // By hand, since the loopback does not call itself fit for multicast, and yet it is.
        try await options.unsafeSetSocketOption(level: .ip, name: .ip_add_membership, value: membership).get()
        try await options.unsafeSetSocketOption(level: .ip, name: .ip_multicast_if, value: membership.interface).get()
        try await options.setIPMulticastLoop(1).get()
    }

    /// Leaves the group; ``peers`` ends.
    public func stop() async {
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }
}
