// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import NIOPosix

/// Connections that stay open and are never idle: the next request of each goes out when its answer is in.
///
/// Written on bare sockets, because a client that does more would take the server's processor.
struct LoadGenerator: Sendable {
    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let channels: [any Channel]
    private let outcomes: [EventLoopFuture<LoadConnection.Outcome>]
    private let count: Int

    /// Connects, and sends nothing yet.
    ///
    /// - Parameters:
    ///   - requests: What each connection sends, in order.
    ///   - wantsReceipt: Whether every answer must carry a receipt for a payment.
    init(port: Int, requests: [[ByteBuffer]], wantsReceipt: Bool) async throws {
        var channels: [any Channel] = []
        var outcomes: [EventLoopFuture<LoadConnection.Outcome>] = []
        for requests in requests {
            let promise = Self.group.next().makePromise(of: LoadConnection.Outcome.self)
            let bootstrap = ClientBootstrap(group: Self.group)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LoadConnection(requests, wantsReceipt: wantsReceipt, outcome: promise))
                    }
                }
            channels.append(try await bootstrap.connect(host: "127.0.0.1", port: port).get())
            outcomes.append(promise.futureResult)
        }
        self.channels = channels
        self.outcomes = outcomes
        count = requests.reduce(0) { $0 + $1.count }
    }

    /// Sends everything.
    ///
    /// - Parameter server: Whose processor time counts.
    /// - Returns: The measurement, and the last answer on each connection.
    func run(against server: ChildServer) async throws -> (Measurement, last: [String]) {
        let cpu = try server.processSeconds()
        let start = ContinuousClock.now
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(LoadConnection.Begin()) }
        var outcomes: [LoadConnection.Outcome] = []
        for outcome in self.outcomes { outcomes.append(try await outcome.get()) }
        let wall = (ContinuousClock.now - start) / .seconds(1)
        let measurement = Measurement(
            operations: count, wall: wall, cpu: try server.processSeconds() - cpu,
            latencies: outcomes.flatMap(\.latencies).sorted())
        return (measurement, outcomes.map(\.last))
    }

    static func get(_ path: String, header: String? = nil) -> ByteBuffer {
        let payment = header.map { "PAYMENT-SIGNATURE: \($0)\r\n" } ?? ""
        return ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\(payment)\r\n")
    }
}
