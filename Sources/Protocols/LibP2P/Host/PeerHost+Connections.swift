// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

extension PeerHost {
    /// Makes a handler for a channel, which tells the host what happens.
    ///
    /// - Parameter established: Fulfilled as soon as the connection counts, for whoever dialled; fails when the channel
    ///   ends before.
    func makeHandler(
        isDialer: Bool, expecting peer: PeerID? = nil, on channel: any Channel,
        established: EventLoopPromise<PeerConnection>? = nil
    ) throws(P2PError) -> ConnectionHandler {
        let machine = try ConnectionMachine(
            isDialer: isDialer, identity: identity, expectedPeer: peer, limits: configuration.streams)
        let id = ObjectIdentifier(channel)
        return ConnectionHandler(
            machine: machine, configuration: configuration,
            callbacks: .init(
                established: { [weak self] connection in
                    do throws(P2PError) {
                        guard let self else { throw .shutDown }
                        try self.register(connection, of: id)
                        established?.succeed(connection)
                    } catch {
                        established?.fail(error)
                        connection.closeNow()
                    }
                },
                opened: { [weak self] stream in self?.serve(stream) },
                closed: { [weak self] connection, error in
                    self?.forget(connection, of: id, because: error)
                    established?.fail(error)
                }, unread: unread))
    }

    /// Counts a socket that is dialled, until it becomes a connection or is closed.
    func admit(dialled channel: any Channel) throws(P2PError) {
        let total = configuration.connections
        let refusal = state.withLock { state -> P2PError? in
            if state.isShutDown { return .shutDown }
            if state.connections.count + state.pending.count >= total { return .tooManyConnections(limit: total) }
            state.pending[ObjectIdentifier(channel)] = PendingSocket(channel: channel, place: nil)
            return nil
        }
        if let refusal { throw refusal }
        // One that is not chosen among a name's addresses ends without a handler that could tell.
        let id = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.pending[id] = nil } }
    }

    /// Counts a socket that was accepted and has yet to become a connection.
    ///
    /// When as many are on the way as may be, the place that has most of them gives up its oldest.
    func admit(accepted channel: any Channel) throws(P2PError) {
        let limit = configuration.pendingConnections
        let place = AddressUses.Place(channel.remoteAddress)
        let (refusal, closed) = state.withLock { state -> (P2PError?, (any Channel)?) in
            if state.isShutDown { return (.shutDown, nil) }
            var oldest: (key: ObjectIdentifier, value: PendingSocket)?
            if state.pending.count >= limit {
                let fullest = AddressUses.yielding(to: place, among: state.pending.values.lazy.compactMap(\.place))
                oldest = state.pending.filter { fullest != nil && $0.value.place == fullest }
                    .min { $0.value.since < $1.value.since }
                guard let oldest else { return (.tooManyConnections(limit: limit), nil) }
                state.pending[oldest.key] = nil
            }
            state.pending[ObjectIdentifier(channel)] = PendingSocket(channel: channel, place: place)
            return (nil, oldest?.value.channel)
        }
        closed?.close(promise: nil)
        if let refusal { throw refusal }
    }

    /// Counts a socket that was accepted as one of its address, until it is closed.
    func countAddress(of channel: any Channel) throws(P2PError) {
        guard let place = AddressUses.Place(channel.remoteAddress) else { return }
        let limit = configuration.connectionsPerAddress
        guard state.withLock({ $0.acceptedFrom.take(place, limit: limit) }) else {
            throw .tooManyConnectionsFromAddress(limit: limit)
        }
        channel.closeFuture.whenComplete { [weak self] _ in self?.state.withLock { $0.acceptedFrom.giveBack(place) } }
    }

    func dismiss(_ channel: any Channel) { state.withLock { $0.pending[ObjectIdentifier(channel)] = nil } }

    private func register(_ connection: PeerConnection, of channel: ObjectIdentifier) throws(P2PError) {
        let limits = (configuration.connections, configuration.connectionsPerPeer)
        let (refusal, closed) = state.withLock { state -> (P2PError?, PeerConnection?) in
            state.pending[channel] = nil
            if state.isShutDown { return (.shutDown, nil) }
            if connection.remotePeer == peerID { return (.dialsItself, nil) }
            let same = state.connections.values.reduce(0) { $0 + ($1.remotePeer == connection.remotePeer ? 1 : 0) }
            if same >= limits.1 { return (.tooManyConnectionsToPeer(limit: limits.1), nil) }
            var oldest: PeerConnection?
            if state.connections.count >= limits.0 {
                oldest = connection.isDialer ? nil : Self.dispensable(among: state.connections.values, for: connection)
                guard let oldest else { return (.tooManyConnections(limit: limits.0), nil) }
                state.connections[ObjectIdentifier(oldest)] = nil
            }
            state.connections[ObjectIdentifier(connection)] = connection
            return (nil, oldest)
        }
        closed?.closeNow()
        if let refusal { throw refusal }
        configuration.logger.debug("connected", metadata: ["peer": "\(connection.remotePeer)"])
        if configuration.identifiesPeers {
            run { [weak self] in _ = try? await self?.identify(connection) }
        }
    }

    /// The connection that is closed for the sake of a new one, when as many are open as may be.
    ///
    /// It is one that was accepted from the place that has most of them, if that has more than the new one's: the oldest
    /// on which nobody has a stream, or else the oldest on which nothing is in hand.
    private static func dispensable(
        among all: some Collection<PeerConnection>, for newcomer: PeerConnection
    ) -> PeerConnection? {
        let accepted = all.filter { !$0.isDialer }
        let place = AddressUses.yielding(to: newcomer.place, among: accepted.lazy.compactMap(\.place))
        guard let place else { return nil }
        return accepted.filter { $0.place == place && !$0.isHeld }
            .min { ($0.isIdle ? 0 : 1, $0.since) < ($1.isIdle ? 0 : 1, $1.since) }
    }

    private func forget(_ connection: PeerConnection?, of channel: ObjectIdentifier, because error: P2PError) {
        state.withLock { state in
            state.pending[channel] = nil
            if let connection { state.connections[ObjectIdentifier(connection)] = nil }
        }
        let peer = connection.map { "\($0.remotePeer)" } ?? "unknown"
        configuration.logger.debug("disconnected", metadata: ["peer": "\(peer)", "reason": "\(error.code)"])
    }

    // MARK: - Streams of peers

    private func serve(_ stream: PeerStream) {
        let connection = stream.connection
        let place = AddressUses.Place(connection.remoteAddress)
        let limit = configuration.streamsPerAddress
        guard connection.beginServing() else { return stream.reset() }
        guard place.map({ place in state.withLock { $0.streamsFrom.take(place, limit: limit) } }) ?? true else {
            connection.endServing()
            return stream.reset()
        }
        run { [weak self] in
            await self?.negotiateAndServe(stream)
            connection.endServing()
            if let place { self?.state.withLock { $0.streamsFrom.giveBack(place) } }
        }
    }

    private func negotiateAndServe(_ stream: PeerStream) async {
        do {
            try await Negotiation.choose(on: stream) { [weak self] name in
                self?.state.withLock { $0.handlers[name] != nil } ?? false
            }
            let name = stream.protocolID
            guard let registration = state.withLock({ $0.handlers[name] }),
                stream.connection.beginStream(of: name, limit: registration.limit)
            else { return stream.reset() }
            defer { stream.connection.endStream(of: name) }
            try await registration.serve(stream)
            stream.close()
        } catch {
            configuration.logger.debug(
                "stream failed", metadata: ["protocol": "\(stream.protocolID)", "error": "\(error)"])
            stream.reset()
        }
    }
}
