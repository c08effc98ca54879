// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import FarthingLibP2P

@Suite("Dialling", .timeLimit(.minutes(1)))
struct DiallingTests {
    // MARK: - Names

    @Test("A name is reached although the first of its addresses refuses")
    func refusedAddress() async throws {
        try await HostPair.run { pair in
            let open = try socket(of: pair.address)
            for names in [
                FixedNames(version4: [try SocketAddress(ipAddress: "127.0.0.1", port: 1), open]),
                FixedNames(version4: [open], version6: [try SocketAddress(ipAddress: "::1", port: 1)]),
            ] {
                try await names.withDialer { dialer in
                    let address = try Multiaddr(text: "/dns/pay.example/tcp/1").naming(pair.listener.peerID)
                    let connection = try await dialer.connect(to: address)
                    _ = try await dialer.ping(connection)
                    #expect(connection.remoteAddress == pair.address.withoutPeer)
                    #expect(dialer.connections.count == 1)
                    #expect(dialer.state.withLock { $0.pending.isEmpty })
                }
            }
        }
    }

    @Test("A name is reached although another of its addresses does not answer")
    func slowAddress() async throws {
        let crowded = try await CrowdedListener()
        try await HostPair.run { pair in
            let names = FixedNames(version4: [crowded.address, try socket(of: pair.address)])
            try await names.withDialer { dialer in
                let connection = try await dialer.connect(to: try Multiaddr(text: "/dns4/pay.example/tcp/1"))
                _ = try await dialer.ping(connection)
                #expect(connection.remotePeer == pair.listener.peerID)
                #expect(dialer.connections.count == 1)
                #expect(dialer.state.withLock { $0.pending.isEmpty })
            }
        }
        await crowded.close()
    }

    @Test("A name of which no address answers is given up in time, and nothing of it is left")
    func noAddress() async throws {
        let crowded = try await CrowdedListener()
        let names = FixedNames(version4: [try SocketAddress(ipAddress: "127.0.0.1", port: 1), crowded.address])
        try await names.withDialer(.changed { $0.dialTimeout = .milliseconds(500) }) { dialer in
            await #expect(throws: P2PError.timedOut(.dial)) {
                try await dialer.connect(to: try Multiaddr(text: "/dns/pay.example/tcp/1"))
            }
            while !dialer.state.withLock({ $0.pending.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
        }
        await crowded.close()
    }

    @Test("A name is dialled only at addresses of the version of IP that is named with it")
    func versions() async throws {
        try await HostPair.run { pair in
            let other = try await pair.listener.listen(on: try Multiaddr(text: "/ip6/::1/tcp/0"))
            let (version4, version6) = (try socket(of: pair.address), try socket(of: other))
            try await FixedNames(version4: [version4], version6: [version6]).withDialer { dialer in
                for (name, address) in [("dns4", pair.address), ("dns6", other)] {
                    let connection = try await dialer.dial(try Multiaddr(text: "/\(name)/pay.example/tcp/1"))
                    #expect(connection.remoteAddress == address.withoutPeer)
                }
            }
            for (name, names) in [
                ("dns4", FixedNames(version6: [version6])), ("dns6", FixedNames(version4: [version4])),
            ] {
                let address = try Multiaddr(text: "/\(name)/pay.example/tcp/1")
                try await names.withDialer { dialer in
                    do throws(P2PError) {
                        _ = try await dialer.dial(address)
                        Issue.record("connected")
                    } catch { #expect(error.code == "p2p.unreachable") }
                }
            }
        }
    }

    // MARK: - Dials at the same time

    @Test("Who waits for another's dial to the peer dials its own address when that fails")
    func otherAddress() async throws {
        let mute = try await MuteServer()
        try await HostPair.run { pair in
            let dead = mute.address.naming(pair.listener.peerID)
            let first = Task { try? await pair.dialer.connect(to: dead) }
            await mute.accepted.wait()
            let waits = Signal()
            let second = Task { () async throws(P2PError) in
                waits.fire()
                return try await pair.dialer.connect(to: pair.address)
            }
            await waits.wait()
            try await Task.sleep(for: .milliseconds(100))
            mute.hangUp()
            #expect(try await second.value.remoteAddress == pair.address.withoutPeer)
            _ = await first.value
        }
        await mute.close()
    }

    @Test("Many who want a peer that does not answer share the failure, and each dials at most once")
    func deadPeer() async throws {
        let (mute, rude) = (try await MuteServer(), try await MuteServer(hangsUp: true))
        try await HostPair.run { pair in
            let peer = pair.listener.peerID
            let first = Task { () async throws(P2PError) in
                try await pair.dialer.connect(to: mute.address.naming(peer))
            }
            await mute.accepted.wait()
            let waits = Signal()
            let others = (0..<20).map { index in
                Task { () async throws(P2PError) in
                    waits.fire()
                    let address = index < 10 ? mute.address : rude.address
                    return try await pair.dialer.connect(to: address.naming(peer))
                }
            }
            await waits.wait(times: 20)
            try await Task.sleep(for: .seconds(1))
            mute.hangUp()
            await #expect(throws: P2PError.connectionClosed) { try await first.value }
            for other in others { await #expect(throws: P2PError.self) { try await other.value } }
            #expect(mute.accepted.count == 1)
            #expect((1...10).contains(rude.accepted.count))
            #expect(pair.dialer.state.withLock { $0.dials.isEmpty })
        }
        await mute.close()
        await rude.close()
    }

    private func socket(of address: Multiaddr) throws -> SocketAddress {
        let endpoint = try #require(address.tcpEndpoint)
        guard case .address(let ip) = endpoint.host else { throw P2PError.address(.unsupported("\(address)")) }
        return try SocketAddress(ipAddress: "\(ip)", port: Int(endpoint.port))
    }
}

/// Knows the same addresses of every name.
private struct FixedNames: Resolver, Sendable {
    var version4: [SocketAddress] = []
    var version6: [SocketAddress] = []

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        MultiThreadedEventLoopGroup.singleton.any().makeSucceededFuture(version4)
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        MultiThreadedEventLoopGroup.singleton.any().makeSucceededFuture(version6)
    }

    func cancelQueries() {}

    /// Runs `body` with a host to which these are the addresses of all names.
    func withDialer(
        _ configuration: HostConfiguration = .changed { _ in }, _ body: (PeerHost) async throws -> Void
    ) async throws {
        let dialer = PeerHost(
            identity: try Samples.identity(4), configuration: configuration,
            group: MultiThreadedEventLoopGroup.singleton, resolver: self)
        do { try await body(dialer) } catch {
            await dialer.shutdown(grace: .zero)
            throw error
        }
        await dialer.shutdown(grace: .zero)
    }
}

/// Listens, but takes no more sockets: whoever connects to it waits.
private struct CrowdedListener {
    let address: SocketAddress
    private let listener: any Channel
    private let crowd: [any Channel]

    init() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        address = try #require(listener.localAddress)
        var crowd: [any Channel] = []
        let bootstrap = ClientBootstrap(group: group).connectTimeout(.milliseconds(500))
        while let channel = try? await bootstrap.connect(to: address).get() {
            crowd.append(channel)
            try #require(crowd.count < 64)
        }
        self.crowd = crowd
    }

    func close() async {
        for channel in crowd + [listener] { try? await channel.close().get() }
    }
}

/// Accepts sockets and says nothing, and hangs up when told, or as soon as anything is said to it.
private final class MuteServer: Sendable {
    private final class HangUp: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.close(promise: nil) }
    }

    private final class Sockets: Sendable {
        let open = Mutex<[any Channel]>([])
    }

    let accepted: Signal
    let address: Multiaddr
    private let sockets: Sockets
    private let listener: any Channel

    init(hangsUp: Bool = false) async throws {
        let (accepted, sockets) = (Signal(), Sockets())
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    sockets.open.withLock { $0.append(channel) }
                    if hangsUp { try channel.pipeline.syncOperations.addHandler(HangUp()) }
                    accepted.fire()
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        address = try #require(listener.localAddress.flatMap(Multiaddr.init(socket:)))
        (self.accepted, self.sockets) = (accepted, sockets)
    }

    func hangUp() {
        for socket in sockets.open.withLock({ $0 }) { socket.close(promise: nil) }
    }

    func close() async {
        hangUp()
        try? await listener.close().get()
    }
}
