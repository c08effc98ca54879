// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
internal import NIOPosix
internal import Synchronization

extension PeerHost {
    private static let mostKnownPeers = 1024
    private static let mostKnownAddresses = 16

    /// Opens a stream of a protocol to a peer, over a connection that is open already or a new one.
    ///
    /// - Parameter address: With `/p2p/…` at the end, no other peer is accepted.
    public func open(_ protocolID: String, to address: Multiaddr) async throws(P2PError) -> PeerStream {
        try await open([protocolID], to: address)
    }

    /// Opens a stream of the first of `protocols` that the peer has.
    public func open(_ protocols: [String], to address: Multiaddr) async throws(P2PError) -> PeerStream {
        try await connect(to: address).open(protocols)
    }

    /// Opens a stream to a peer that is connected, or of which addresses are known.
    public func open(_ protocolID: String, to peer: PeerID) async throws(P2PError) -> PeerStream {
        try await connect(to: peer).open(protocolID)
    }

    /// Runs `body` with a stream that is closed afterwards, or reset when it throws.
    public func withStream<Result>(
        _ protocolID: String, to address: Multiaddr, _ body: (PeerStream) async throws -> Result
    ) async throws -> Result {
        let stream = try await open(protocolID, to: address)
        do {
            let result = try await body(stream)
            stream.close()
            return result
        } catch {
            stream.reset()
            throw error
        }
    }

    /// Keeps addresses of a peer, so that it can be dialled by its id; the newest come first.
    public func learn(_ addresses: [Multiaddr], of peer: PeerID) {
        let usable = addresses.filter { $0.tcpEndpoint != nil }.map(\.withoutPeer)
        state.withLock { state in
            if state.known[peer] == nil, state.known.count >= Self.mostKnownPeers { _ = state.known.popFirst() }
            let before = state.known[peer] ?? []
            state.known[peer] = Array((usable + before.filter { !usable.contains($0) }).prefix(Self.mostKnownAddresses))
        }
    }

    /// The addresses that are known of a peer.
    public func knownAddresses(of peer: PeerID) -> [Multiaddr] { state.withLock { $0.known[peer] ?? [] } }

    /// A connection with a peer, by one of its known addresses if there is none yet.
    public func connect(to peer: PeerID) async throws(P2PError) -> PeerConnection {
        if let connection = connection(to: peer) { return connection }
        var failure = P2PError.noAddress(peer)
        for address in knownAddresses(of: peer) {
            do throws(P2PError) { return try await dial(address.naming(peer)) } catch { failure = error }
            if failure == .cancelled { break }
        }
        throw failure
    }

    /// A connection with whoever is at an address; one that is open with the peer it names is used again.
    ///
    /// Tasks that ask for the same peer at the same time share one dial. When it fails, it has failed for those that
    /// named the same address; all others dial what they named themselves, once.
    public func connect(to address: Multiaddr) async throws(P2PError) -> PeerConnection {
        guard let peer = address.peer else { return try await dial(address) }
        var waitsForOthers = true
        while true {
            if let connection = connection(to: peer) { return connection }
            let promise = group.next().makePromise(of: PeerConnection.self)
            let underWay = state.withLock {
                state -> (address: Multiaddr, connection: EventLoopFuture<PeerConnection>)? in
                if let same = state.dials[address] { return (address, same) }
                if waitsForOthers, let other = state.dials.first(where: { $0.key.peer == peer }) {
                    return (other.key, other.value)
                }
                state.dials[address] = promise.futureResult
                return nil
            }
            do throws(P2PError) {
                guard let underWay else { return try await lead(promise, to: address) }
                underWay.connection.cascade(to: promise)
                return try await Self.wait(for: promise) {}
            } catch {
                guard !Task.isCancelled else { throw error }
                if let underWay, underWay.address != address {
                    waitsForOthers = false
                } else if underWay == nil || error != .cancelled {
                    // Another address may have led to the peer meanwhile.
                    guard let connection = connection(to: peer) else { throw error }
                    return connection
                }
                // Or else whoever dialled has given up, which is no reason for others to.
            }
        }
    }

    /// Dials for all tasks that want the same address.
    private func lead(
        _ promise: EventLoopPromise<PeerConnection>, to address: Multiaddr
    ) async throws(P2PError) -> PeerConnection {
        do throws(P2PError) {
            let connection = try await dial(address)
            state.withLock { $0.dials[address] = nil }
            promise.succeed(connection)
            return connection
        } catch {
            state.withLock { $0.dials[address] = nil }
            promise.fail(error)
            throw error
        }
    }

    /// Makes a new connection.
    ///
    /// A name may have several addresses. They are tried one after the other, each as soon as the one before has failed
    /// or is slow, and the first that takes the socket is chosen: only there is anything said.
    ///
    /// - Throws: ``P2PError/unreachable(_:reason:)``, ``P2PError/noise(_:)`` with ``NoiseError/wrongPeer(expected:found:)``
    ///   when somebody else answers, ``P2PError/timedOut(_:)``, ``P2PError/cancelled``.
    public func dial(_ address: Multiaddr) async throws(P2PError) -> PeerConnection {
        guard let endpoint = address.tcpEndpoint else { throw .address(.unsupported("\(address)")) }
        guard !state.withLock({ $0.isShutDown }) else { throw .shutDown }
        guard address.peer != peerID else { throw .dialsItself }
        guard !Task.isCancelled else { throw .cancelled }
        let loop = group.next()
        let established = loop.makePromise(of: PeerConnection.self)
        let connecting = loop.flatSubmit { [self] in
            // Still on the loop, so that the handler is there before anything is read.
            connect(to: endpoint, on: loop).flatMapThrowing { [self] channel in
                do {
                    let handler = try makeHandler(
                        isDialer: true, expecting: address.peer, on: channel, established: established)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return channel
                } catch {
                    channel.close(promise: nil)
                    throw error
                }
            }
        }
        connecting.whenFailure { error in
            let known = (error as? P2PError) ?? Self.failure(error, of: address)
            established.fail(known)
        }
        return try await Self.wait(for: established) { connecting.whenSuccess { $0.close(promise: nil) } }
    }

    /// Waits for a connection, or until the task is cancelled.
    private static func wait(
        for promise: EventLoopPromise<PeerConnection>, onCancel: @escaping @Sendable () -> Void
    ) async throws(P2PError) -> PeerConnection {
        let result: Result<PeerConnection, P2PError> = await withTaskCancellationHandler {
            await Self.result(of: promise.futureResult)
        } onCancel: {
            promise.fail(P2PError.cancelled)
            onCancel()
        }
        return try result.get()
    }

    private static func result(
        of connection: EventLoopFuture<PeerConnection>
    ) async -> Result<PeerConnection, P2PError> {
        do { return .success(try await connection.get()) } catch { return .failure(P2PError(error)) }
    }

    /// A socket that is connected and on which nothing is said yet.
    private func connect(to endpoint: TCPEndpoint, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(configuration.dialTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            // Once for each address of a name, of which all but one are closed again.
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try admit(dialled: channel)
                    guard case .name(_, let family?) = endpoint.host else { return }
                    try channel.pipeline.syncOperations.addHandler(FamilyFilter(family: family))
                }
            }
        switch endpoint.host {
        case .address(let address): return bootstrap.connect(host: "\(address)", port: Int(endpoint.port))
        case .name(let name, _): return bootstrap.resolver(resolver).connect(host: name, port: Int(endpoint.port))
        }
    }

    private static func failure(_ error: any Error, of address: Multiaddr) -> P2PError {
        if let error = error as? ChannelError, case .connectTimeout = error { return .timedOut(.dial) }
        return .unreachable(address, reason: "\(error)")
    }
}
