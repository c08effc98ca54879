// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import NIOCore
internal import NIOPosix
internal import Synchronization

extension PeerHost {
    /// Listens on one more address.
    ///
    /// - Returns: The address that was bound, with its port and this host's peer id.
    @discardableResult
    public func listen(on address: Multiaddr) async throws(P2PError) -> Multiaddr {
        guard let endpoint = address.tcpEndpoint, case .address(let ip) = endpoint.host else {
            throw .address(.unsupported("\(address)"))
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 64 << 10, high: 256 << 10))
            .childChannelInitializer { [weak self] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let self else { throw P2PError.shutDown }
                    try self.countAddress(of: channel)
                    try self.admit(accepted: channel)
                    do {
                        let handler = try self.makeHandler(isDialer: false, on: channel)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    } catch {
                        self.dismiss(channel)
                        throw error
                    }
                }
            }
        let listener: any Channel
        do { listener = try await bootstrap.bind(host: "\(ip)", port: Int(endpoint.port)).get() } catch {
            throw .unreachable(address, reason: "\(error)")
        }
        let isShutDown = state.withLock { state in
            if !state.isShutDown { state.listeners.append(listener) }
            return state.isShutDown
        }
        guard !isShutDown, let bound = listener.localAddress.flatMap(Multiaddr.init(socket:)) else {
            listener.close(promise: nil)
            throw .shutDown
        }
        return bound.naming(peerID)
    }

    /// Ends everything: takes no more streams, lets those that are open finish for a while, closes all connections
    /// and waits for all tasks that serve streams, which are cancelled.
    ///
    /// - Parameter grace: How long open streams may take to finish.
    public func shutdown(grace: Duration = .seconds(2)) async {
        let open = state.withLock { state -> (listeners: [any Channel], pending: [any Channel], [PeerConnection]) in
            state.isShutDown = true
            defer { state.listeners = [] }
            return (state.listeners, state.pending.values.map(\.channel), Array(state.connections.values))
        }
        for channel in open.listeners + open.pending { channel.close(promise: nil) }
        for connection in open.2 { connection.closeWhenIdle() }
        let timer = group.next().scheduleTask(in: TimeAmount(grace)) {
            for connection in open.2 { connection.fail(.shutDown) }
        }
        for connection in open.2 { await connection.waitUntilClosed() }
        for channel in open.listeners + open.pending { try? await channel.closeFuture.get() }
        timer.cancel()
        await finishWork()
    }
}
