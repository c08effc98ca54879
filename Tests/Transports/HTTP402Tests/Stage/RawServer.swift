// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOPosix

/// A server that follows a script on each connection: an upstream that misbehaves.
enum RawServer {
    /// Serves on a free port for as long as the second closure runs.
    static func run<Result: Sendable>(
        _ script: @escaping @Sendable (RawConnection) async throws -> Void,
        _ body: (Int) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: 0)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(inboundType: ByteBuffer.self, outboundType: ByteBuffer.self))
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { try? await serve(connection, script) }
                        }
                        // No more will come, and none was left lying: a connection must not be dropped unused.
                        group.cancelAll()
                    }
                }
            }
            let result: Result
            do {
                result = try await body(port)
            } catch {
                try? await server.channel.close()
                throw error
            }
            try await server.channel.close()
            return result
        }
    }

    /// A port at which nobody answers.
    static func deadPort() async throws -> Int {
        let silence: @Sendable (RawConnection) async throws -> Void = { _ in }
        return try await run(silence) { $0 }
    }

    private static func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ script: @Sendable (RawConnection) async throws -> Void
    ) async throws {
        try await connection.executeThenClose { inbound, outbound in
            try await script(RawConnection(connection.channel, inbound: inbound, outbound: outbound))
        }
    }
}
