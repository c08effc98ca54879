// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// Opens a WebSocket to a relay.
enum RelayConnection {
    private enum Upgrade: Sendable {
        case socket(GunSocket.Channel)
        case refused(any Channel)
    }

    static func open(
        _ address: RelayAddress, limits: GunLimits, timeout: Duration
    ) async throws -> GunSocket.Channel {
        let bound = TimeAmount(timeout)
        let upgrade: EventLoopFuture<Upgrade> =
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(bound)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .connect(host: address.host, port: address.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let result = try negotiate(channel, address, limits: limits)
                    let deadline = channel.eventLoop.scheduleTask(in: bound) { channel.close(promise: nil) }
                    result.whenComplete { _ in deadline.cancel() }
                    return result
                }
            }
        switch try await upgrade.get() {
        case .socket(let channel): return channel
        case .refused(let channel):
            try? await channel.close()
            throw GunError.upgradeRefused
        }
    }

    private static func negotiate(
        _ channel: any Channel, _ address: RelayAddress, limits: GunLimits
    ) throws -> EventLoopFuture<Upgrade> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
            maxFrameSize: limits.messageBytes,
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    .socket(
                        try GunSocket.Channel(
                            wrappingChannelSynchronously: channel, configuration: GunSocket.readAhead))
                }
            })
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: address.path, headers: ["Host": address.authority])
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(
                upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                    upgradeRequestHead: head, upgraders: [upgrader],
                    notUpgradingCompletionHandler: { channel in
                        channel.eventLoop.makeSucceededFuture(.refused(channel))
                    })))
    }
}
