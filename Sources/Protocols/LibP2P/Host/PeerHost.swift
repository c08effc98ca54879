// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import Logging
public import NIOCore
public import NIOPosix
internal import Synchronization

/// A libp2p host: it listens, dials, and speaks the protocols that it was given handlers for.
///
/// ```swift
/// let host = try await PeerHost.listen(on: ["/ip4/127.0.0.1/tcp/0"], identity: PeerIdentity())
/// try host.handle("/echo/1.0.0") { stream in
///     while let piece = try await stream.read() { try await stream.write(piece) }
/// }
/// let stream = try await other.open("/echo/1.0.0", to: host.addresses[0])
/// ```
///
/// TCP, Noise and Yamux; it answers identify, identify push and ping by itself. All tasks that serve streams are
/// children of one task of the host, which ``shutdown(grace:)`` ends and waits for.
public final class PeerHost: Sendable {
    /// Serves one stream: when it returns the stream is closed, when it throws it is reset.
    public typealias StreamHandler = @Sendable (PeerStream) async throws -> Void

    struct Registration: Sendable {
        let limit: Int
        let serve: StreamHandler
    }

    /// A socket that is not yet a connection.
    struct PendingSocket {
        let channel: any Channel
        /// `nil` for one that was dialled.
        let place: AddressUses.Place?
        let since = ContinuousClock.now
    }

    struct State {
        var handlers: [String: Registration] = [:]
        var listeners: [any Channel] = []
        var connections: [ObjectIdentifier: PeerConnection] = [:]
        /// Sockets that were accepted or dialled and have not yet become connections.
        var pending: [ObjectIdentifier: PendingSocket] = [:]
        /// Dials that are under way, by addresses that name a peer, so that others wait for them.
        var dials: [Multiaddr: EventLoopFuture<PeerConnection>] = [:]
        var known: [PeerID: [Multiaddr]] = [:]
        var announced: [Multiaddr] = []
        var acceptedFrom = AddressUses()
        var streamsFrom = AddressUses()
        var isShutDown = false
    }

    public let identity: PeerIdentity
    public let configuration: HostConfiguration
    let group: any EventLoopGroup
    /// What finds the addresses of names; `nil` for the system's.
    let resolver: (any Resolver & Sendable)?
    let state = Mutex(State())
    /// What waits unread on all connections; each place has a share.
    let unread: ByteShares<AddressUses.Place>
    private let jobs: AsyncStream<@Sendable () async -> Void>.Continuation
    private let work: Task<Void, Never>

    public var peerID: PeerID { identity.peerID }

    init(
        identity: PeerIdentity, configuration: HostConfiguration, group: any EventLoopGroup,
        resolver: (any Resolver & Sendable)? = nil
    ) {
        self.identity = identity
        self.configuration = configuration
        self.group = group
        self.resolver = resolver
        unread = ByteShares(ByteBudget(limit: configuration.unreadBytesInAll))
        let (stream, continuation) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
        jobs = continuation
        work = Task {
            await withDiscardingTaskGroup { group in
                for await job in stream { group.addTask { await job() } }
                group.cancelAll()
            }
        }
        serveBuiltIn()
    }

    deinit {
        jobs.finish()
        work.cancel()
        let state = state.withLock { state in
            defer { state = State() }
            return (state.listeners, state.connections.values)
        }
        for listener in state.0 { listener.close(promise: nil) }
        for connection in state.1 { connection.closeWhenIdle() }
    }

    /// A host that listens on some addresses; with none, it only dials.
    ///
    /// - Parameter addresses: `/ip4/…/tcp/…` or `/ip6/…/tcp/…`; port 0 takes any free one.
    /// - Throws: ``P2PError/address(_:)``, ``P2PError/unreachable(_:reason:)`` when one cannot be bound.
    public static func listen(
        on addresses: [Multiaddr] = [], identity: PeerIdentity = PeerIdentity(),
        configuration: HostConfiguration = HostConfiguration(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws(P2PError) -> PeerHost {
        let host = PeerHost(identity: identity, configuration: configuration, group: group)
        do throws(P2PError) {
            for address in addresses { try await host.listen(on: address) }
        } catch {
            await host.shutdown(grace: .zero)
            throw error
        }
        return host
    }

    /// Runs `body` with a host that is shut down afterwards, however it ends.
    public static func withHost<Result>(
        on addresses: [Multiaddr] = [], identity: PeerIdentity = PeerIdentity(),
        configuration: HostConfiguration = HostConfiguration(), _ body: (PeerHost) async throws -> Result
    ) async throws -> Result {
        let host = try await listen(on: addresses, identity: identity, configuration: configuration)
        do {
            let result = try await body(host)
            await host.shutdown()
            return result
        } catch {
            await host.shutdown(grace: .zero)
            throw error
        }
    }

    // MARK: - Protocols

    /// Serves streams of a protocol, each in a task of its own.
    ///
    /// - Parameter limit: How many streams one connection may have open of this protocol; more are reset.
    /// - Throws: ``P2PError/badProtocol(_:)`` when it has a handler already.
    public func handle(
        _ protocolID: String, limit: Int? = nil, _ handler: @escaping StreamHandler
    ) throws(P2PError) {
        guard MultistreamLines.isName(protocolID) else { throw .badProtocol(protocolID) }
        let registration = Registration(limit: limit ?? configuration.streamsPerProtocol, serve: handler)
        let isNew = state.withLock { state in
            if state.handlers[protocolID] != nil { return false }
            state.handlers[protocolID] = registration
            return true
        }
        guard isNew else { throw .badProtocol(protocolID) }
    }

    /// Refuses a protocol from now on; streams that are served go on.
    public func stopHandling(_ protocolID: String) {
        state.withLock { $0.handlers[protocolID] = nil }
    }

    /// The protocols that are served, in order.
    public var protocols: [String] { state.withLock { $0.handlers.keys.sorted() } }

    // MARK: - What it is connected to

    /// Where the host listens, with its peer id at the end.
    public var addresses: [Multiaddr] {
        let bound = state.withLock { $0.listeners.compactMap(\.localAddress) }
        return bound.compactMap { Multiaddr(socket: $0)?.naming(peerID) }
    }

    /// All connections that are open.
    public var connections: [PeerConnection] { state.withLock { Array($0.connections.values) } }

    /// An open connection with a peer, or `nil`.
    public func connection(to peer: PeerID) -> PeerConnection? {
        state.withLock { $0.connections.values.first { $0.remotePeer == peer && $0.isOpen } }
    }

    /// Adds work to the host's own task.
    func run(_ job: @escaping @Sendable () async -> Void) { jobs.yield(job) }

    func finishWork() async {
        jobs.finish()
        work.cancel()
        await work.value
    }
}
