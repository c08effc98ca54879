// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings
internal import NIOCore
internal import Synchronization

/// A connection with one peer, encrypted and shared by any number of streams.
public final class PeerConnection: Sendable {
    /// The key by which the peer has proved who it is.
    public let remoteKey: PeerPublicKey
    public let remotePeer: PeerID
    /// Whether this side dialled.
    public let isDialer: Bool
    /// Where the socket goes to.
    public let remoteAddress: Multiaddr?
    /// Where the socket starts from.
    public let localAddress: Multiaddr?
    /// What ``remoteAddress`` counts as; `nil` for what has no address.
    let place: AddressUses.Place?
    let since = ContinuousClock.now

    let configuration: HostConfiguration
    private let channel: any Channel
    private let handler: NIOLoopBound<ConnectionHandler>
    /// What waits to be read, all streams together; it counts on the whole host too.
    let unread: ByteBudget
    private let state = Mutex(State())
    /// How many streams of either side somebody still has.
    private let streams = Atomic<Int>(0)
    private let holds = Atomic<Int>(0)

    private struct State {
        var streamsByProtocol: [String: Int] = [:]
        var servedStreams = 0
        var identity: IdentifyMessage?
    }

    init(
        remoteKey: PeerPublicKey, isDialer: Bool, configuration: HostConfiguration, channel: any Channel,
        handler: NIOLoopBound<ConnectionHandler>, unreadInAll: ByteShares<AddressUses.Place>
    ) {
        self.remoteKey = remoteKey
        remotePeer = remoteKey.peerID
        self.isDialer = isDialer
        self.configuration = configuration
        self.channel = channel
        self.handler = handler
        remoteAddress = channel.remoteAddress.flatMap(Multiaddr.init(socket:))
        place = AddressUses.Place(remoteAddress)
        unread = ByteBudget(limit: configuration.unreadBytes, within: unreadInAll.share(of: place))
        localAddress = channel.localAddress.flatMap(Multiaddr.init(socket:))
    }

    /// Whether the socket is open.
    public var isOpen: Bool { channel.isActive }

    /// What the peer last said about itself, once it has.
    public var identified: IdentifyMessage? { state.withLock { $0.identity } }

    /// Opens a stream of the first of `protocols` that the peer has.
    ///
    /// It waits while too many streams are not yet acknowledged.
    public func open(_ protocols: [String]) async throws(P2PError) -> PeerStream {
        let stream = try await openRaw()
        try await Negotiation.propose(protocols, on: stream)
        return stream
    }

    /// Opens a stream of one protocol.
    public func open(_ protocolID: String) async throws(P2PError) -> PeerStream { try await open([protocolID]) }

    /// Ends the connection and with it all of its streams.
    public func close() async {
        run { $0.close() }
        try? await channel.closeFuture.get()
    }

    /// Waits until the connection has ended.
    public func waitUntilClosed() async { try? await channel.closeFuture.get() }

    /// Opens a stream on which no protocol is agreed yet.
    func openRaw() async throws(P2PError) -> PeerStream {
        let promise = channel.eventLoop.makePromise(of: StreamCore.self)
        run { $0.open(promise) }
        do { return PeerStream(try await promise.futureResult.get()) } catch { throw P2PError(error) }
    }

    // MARK: - For the host and the streams

    func note(_ identity: IdentifyMessage) { state.withLock { $0.identity = identity } }

    func closeNow() { run { $0.close() } }

    func closeWhenIdle() { run { $0.closeWhenIdle() } }

    func fail(_ error: P2PError) { run { $0.fail(error) } }

    func flush(_ core: StreamCore) { run { $0.flush(core) } }

    func reset(_ id: UInt32) { run { $0.reset(id) } }

    func consumed(_ count: Int, on id: UInt32) { run { $0.consumed(count, on: id) } }

    /// Does something on the event loop, now or soon.
    private func run(_ body: @escaping @Sendable (ConnectionHandler) -> Void) {
        let handler = handler
        channel.eventLoop.execute { body(handler.value) }
    }

    /// Does something on the event loop after `delay`, unless it is cancelled before.
    func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        channel.eventLoop.scheduleTask(in: TimeAmount(delay), body)
    }

    /// How many received bytes wait to be read, all streams together.
    var unreadBytes: Int { unread.used }

    /// Whether nobody has a stream of it.
    var isIdle: Bool { streams.load(ordering: .relaxed) == 0 }

    /// Whether something is in hand that must not be broken off for another peer's sake.
    var isHeld: Bool { holds.load(ordering: .relaxed) > 0 }

    func countStream(_ by: Int) { streams.add(by, ordering: .relaxed) }

    func hold(_ by: Int) { holds.add(by, ordering: .relaxed) }

    /// Counts a stream of the peer that is served; `false` when there are too many.
    ///
    /// Streams that are already reset count as long as somebody serves them, so that opening and resetting them
    /// quickly wins nothing.
    func beginServing() -> Bool {
        state.withLock { state in
            guard state.servedStreams < configuration.streams.inboundStreams else { return false }
            state.servedStreams += 1
            return true
        }
    }

    func endServing() { state.withLock { $0.servedStreams -= 1 } }

    /// Counts a stream of one protocol; `false` when there are too many.
    func beginStream(of protocolID: String, limit: Int) -> Bool {
        state.withLock { state in
            guard state.streamsByProtocol[protocolID, default: 0] < limit else { return false }
            state.streamsByProtocol[protocolID, default: 0] += 1
            return true
        }
    }

    func endStream(of protocolID: String) {
        state.withLock { state in
            let left = state.streamsByProtocol[protocolID, default: 0] - 1
            state.streamsByProtocol[protocolID] = left > 0 ? left : nil
        }
    }
}

extension Multiaddr {
    /// `/ip4/…/tcp/…` or `/ip6/…/tcp/…` of a socket, or `nil` for one of another kind.
    init?(socket address: SocketAddress) {
        guard let port = address.port, let text = address.ipAddress else { return nil }
        let plain = text.prefix { $0 != "%" }
        guard let ip = IPAddress(version4: plain) ?? IPAddress(version6: plain) else { return nil }
        self.init(ip, tcp: UInt16(truncatingIfNeeded: port))
    }
}
