// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOPosix
import Synchronization

/// Passes on to a relay what comes in, as a router does that can forget connections.
final class FrailWire: Sendable {
    private typealias Line = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Which connections there are, in the order of their coming.
    private final class Lines: Sendable {
        private let state = Mutex((accepted: 0, forgotten: 0))

        var accepted: Int { state.withLock(\.accepted) }

        func enter() -> Int {
            state.withLock { state in
                defer { state.accepted += 1 }
                return state.accepted
            }
        }

        func forget() { state.withLock { $0.forgotten = $0.accepted } }

        func isForgotten(_ line: Int) -> Bool { state.withLock { line < $0.forgotten } }
    }

    let port: Int
    private let lines: Lines
    private let task: Task<Void, Never>

    private init(port: Int, lines: Lines, task: Task<Void, Never>) {
        self.port = port
        self.lines = lines
        self.task = task
    }

    static func start(to relay: Int) async throws -> FrailWire {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Line(wrappingChannelSynchronously: channel) }
            }
        let lines = Lines()
        let task = Task<Void, Never> {
            await withDiscardingTaskGroup { group in
                try? await server.executeThenClose { inbound in
                    for try await near in inbound {
                        let number = lines.enter()
                        group.addTask { try? await carry(near, to: relay, number, of: lines) }
                    }
                }
            }
        }
        return FrailWire(port: server.channel.localAddress?.port ?? 0, lines: lines, task: task)
    }

    /// How many connections came so far.
    var accepted: Int { lines.accepted }

    /// From now on nothing passes over the connections that are there, neither bytes nor their ends; new ones do.
    func forget() { lines.forget() }

    func stop() async {
        task.cancel()
        await task.value
    }

    private static func carry(_ near: Line, to relay: Int, _ number: Int, of lines: Lines) async throws {
        try await near.executeThenClose { fromNear, toNear in
            try await RawConnection.open(relay).channel.executeThenClose { fromFar, toFar in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await pass(fromNear, to: toFar, number, of: lines) }
                    group.addTask { await pass(fromFar, to: toNear, number, of: lines) }
                    await group.next()
                    // The other side does not learn of it.
                    while lines.isForgotten(number), !Task.isCancelled { try? await Task.sleep(for: .seconds(60)) }
                    group.cancelAll()
                }
            }
        }
    }

    private static func pass(
        _ bytes: NIOAsyncChannelInboundStream<ByteBuffer>, to other: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ number: Int, of lines: Lines
    ) async {
        do {
            for try await some in bytes where !lines.isForgotten(number) { try await other.write(some) }
        } catch {
            // A side was cut off, which ends the line as any other end does.
        }
    }
}
