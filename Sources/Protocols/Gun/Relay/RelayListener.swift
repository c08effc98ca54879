// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization

/// Listens for connections, lets those become WebSockets that may, and tells the others why not.
final class RelayListener: Sendable {
    private enum Upgrade: Sendable {
        /// With what counts its bytes until they are taken in.
        case socket(GunSocket.Channel, ByteBudget)
        case refused(NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>)
    }

    private typealias Accepted = EventLoopFuture<Upgrade>

    let port: Int
    private let channel: any Channel
    private let task: Task<Void, Never>

    private init(port: Int, channel: any Channel, task: Task<Void, Never>) {
        self.port = port
        self.channel = channel
        self.task = task
    }

    /// - Parameters:
    ///   - unread: Where what came and is not taken in yet counts.
    ///   - serve: Runs a connection until it ends.
    static func start(
        _ configuration: GunRelayConfiguration, unread: ByteBudget,
        serve: @escaping @Sendable (GunSocket.Channel, ByteBudget) async -> Void
    ) async throws -> RelayListener {
        let gate = UpgradeGate(
            path: GunRelayConfiguration.path, hosts: configuration.hosts, origins: configuration.origins)
        let open = ConnectionCount(limit: configuration.limits.peers + 64)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // What a peer does not read waits in its outbox, where it is counted, and not in the system.
            .childChannelOption(.socketOption(.so_sndbuf), value: 262_144)
            .bind(host: configuration.host, port: configuration.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    do {
                        guard open.enter() else { throw GunError.full(what: "connections") }
                        channel.closeFuture.whenComplete { _ in open.leave() }
                        return try Self.upgrade(channel, gate: gate, configuration, unread)
                    } catch {
                        // Nobody else closes what is not taken in, and each would hold a file.
                        channel.close(promise: nil)
                        throw error
                    }
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        let task = Task<Void, Never> {
            await withDiscardingTaskGroup { group in
                do {
                    try await server.executeThenClose { inbound in
                        for try await accepted in inbound {
                            group.addTask { await Self.handle(accepted, serve: serve) }
                        }
                    }
                } catch {
                    // No more connections come in; those that are there go on.
                }
            }
        }
        return RelayListener(port: port, channel: server.channel, task: task)
    }

    /// Takes no more connections.
    func stop() async { try? await channel.close() }

    /// Waits until all connections have ended, and ends them after two seconds.
    func wait() async {
        let task = task
        let deadline = Task {
            try await Task.sleep(for: .seconds(2))
            task.cancel()
        }
        await task.value
        deadline.cancel()
    }

    private static func upgrade(
        _ channel: any Channel, gate: UpgradeGate, _ configuration: GunRelayConfiguration, _ unread: ByteBudget
    ) throws -> Accepted {
        let upgrader = NIOTypedWebSocketServerUpgrader<Upgrade>(
            maxFrameSize: configuration.limits.messageBytes,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(gate.refusal(of: head) == nil ? HTTPHeaders() : nil)
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let budget = ByteBudget(shareOf: unread)
                    let handlers = channel.pipeline.syncOperations
                    let frames = try handlers.handler(type: ByteToMessageHandler<WebSocketFrameDecoder>.self)
                    try handlers.addHandler(UnreadBytes(budget), position: .before(frames))
                    return .socket(
                        try GunSocket.Channel(
                            wrappingChannelSynchronously: channel, configuration: GunSocket.readAhead), budget)
                }
            })
        let result = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(
                upgradeConfiguration: NIOTypedHTTPServerUpgradeConfiguration(
                    upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeCompletedFuture {
                            .refused(try NIOAsyncChannel(wrappingChannelSynchronously: channel))
                        }
                    })))
        let handlers = channel.pipeline.syncOperations
        let handler = try handlers.handler(type: NIOTypedHTTPServerUpgradeHandler<Upgrade>.self)
        try handlers.addHandler(UpgradeGateHandler(gate: gate), position: .before(handler))
        try handlers.addHandler(LingeringClose(most: configuration.limits.messageBytes), position: .first)
        let timeout = channel.eventLoop.scheduleTask(in: .init(configuration.handshakeTimeout)) {
            channel.close(promise: nil)
        }
        result.whenComplete { _ in timeout.cancel() }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        return result
    }

    private static func handle(
        _ accepted: Accepted, serve: @Sendable (GunSocket.Channel, ByteBudget) async -> Void
    ) async {
        do {
            switch try await accepted.get() {
            case .socket(let channel, let unread): await serve(channel, unread)
            case .refused(let channel): try await refuse(channel)
            }
        } catch {
            // The connection broke off before it became one.
        }
    }

    /// Answers a handshake that the gate let pass and the upgrade did not, such as one of another version, and closes.
    private static func refuse(
        _ channel: NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>
    ) async throws {
        try await channel.executeThenClose { _, outbound in
            let refusal = UpgradeGate.Refusal(status: .badRequest, text: "This is no WebSocket handshake.")
            try await outbound.write(contentsOf: refusal.answer + [.end(nil)])
        }
    }
}

/// How many connections are open, whether they have become WebSockets or not.
private final class ConnectionCount: Sendable {
    private let count = Mutex(0)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }

    func leave() { count.withLock { $0 -= 1 } }
}
