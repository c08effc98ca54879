// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import NIOCore
import NIOPosix
import Synchronization

/// A bad network between a client and a gate: it cuts, delays, doubles and reorders what goes over real connections.
///
/// Each request gets a connection of its own on both sides, and a fault of its own from the seed.
final class FaultProxy: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private struct State {
        var generator: SeededGenerator
        var isHealed = false
        /// How many requests came in, and how many are not answered yet.
        var arrived = 0
        var underWay = 0
        var log: [Fault] = []
    }

    let url: String
    private let gate: Int
    private let patience: Duration
    private let stripsExtensions: Bool
    private let beforeAnswer: (@Sendable (HTTPMessage) async -> Void)?
    private let state: Mutex<State>

    private init(
        port: Int, gate: Int, seed: UInt64, patience: Duration, stripsExtensions: Bool,
        beforeAnswer: (@Sendable (HTTPMessage) async -> Void)?
    ) {
        url = "http://127.0.0.1:\(port)"
        self.gate = gate
        self.patience = patience
        self.stripsExtensions = stripsExtensions
        self.beforeAnswer = beforeAnswer
        state = Mutex(State(generator: SeededGenerator(seed: seed)))
    }

    /// Runs a proxy on a free port for as long as the body runs.
    ///
    /// - Parameters:
    ///   - gate: The port on this machine to send everything to.
    ///   - patience: How long the client waits for an answer; some delays are longer.
    ///   - stripsExtensions: Whether the gate's extensions are hidden, as if it had none.
    ///   - beforeAnswer: Called with each request when its answer is there and not yet passed on.
    static func run<Result: Sendable>(
        before gate: Int, seed: UInt64, patience: Duration, stripsExtensions: Bool = false,
        beforeAnswer: (@Sendable (HTTPMessage) async -> Void)? = nil,
        _ body: (FaultProxy) async throws -> Result
    ) async throws -> Result {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .bind(to: SocketAddress(ipAddress: "127.0.0.1", port: 0)) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        let proxy = FaultProxy(
            port: server.channel.localAddress?.port ?? 0, gate: gate, seed: seed, patience: patience,
            stripsExtensions: stripsExtensions, beforeAnswer: beforeAnswer)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await server.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await proxy.serve(connection) }
                        }
                    }
                }
            }
            let outcome: Swift.Result<Result, any Error>
            do { outcome = .success(try await body(proxy)) } catch { outcome = .failure(error) }
            try? await server.channel.close()
            try await group.waitForAll()
            return try outcome.get()
        }
    }

    /// What was done so far, in the order of the requests.
    var log: [Fault] { state.withLock { $0.log } }

    /// From now on everything gets through, once.
    ///
    /// Returns when nothing from before is on its way any more.
    func heal() async throws {
        state.withLock { $0.isHealed = true }
        while state.withLock({ $0.underWay > 0 }) { try await Task.sleep(for: .milliseconds(2)) }
    }

    func hurt() { state.withLock { $0.isHealed = false } }

    // MARK: - One exchange

    private func serve(_ connection: Connection) async {
        let (fault, number) = state.withLock { state in
            state.underWay += 1
            state.arrived += 1
            let fault = state.isHealed ? .none : Fault.draw(using: &state.generator, patience: patience)
            state.log.append(fault)
            return (fault, state.arrived)
        }
        defer { state.withLock { $0.underWay -= 1 } }
        try? await connection.executeThenClose { inbound, outbound in
            guard fault != .hangUp else { return }
            guard let request = try await HTTPMessage.request(from: inbound) else { return }
            guard let answer = try await self.answer(to: request, number: number, fault) else { return }
            await self.beforeAnswer?(request)
            let shown = self.stripsExtensions ? answer.withoutExtensions : answer
            if case .cutAnswer(let share) = fault {
                try await outbound.write(shown.prefix(share))
            } else {
                try await outbound.write(shown.bytes)
            }
        }
    }

    private func answer(to request: HTTPMessage, number: Int, _ fault: Fault) async throws -> HTTPMessage? {
        switch fault {
        case .none, .cutAnswer, .hangUp: break
        case .cutRequest(let share):
            _ = try? await pass(request.prefix(share), isWhole: false)
            return nil
        case .lateRequest(let delay): try await Task.sleep(for: delay)
        case .lateAnswer(let delay):
            let answer = try await pass(request.bytes)
            try await Task.sleep(for: delay)
            return answer
        case .twice(let copies) where copies.areSideBySide:
            async let other = pass(request.bytes)
            let first = try await pass(request.bytes)
            let second = try await other
            return copies.answersWithSecond ? second : first
        case .twice(let copies):
            let first = try await pass(request.bytes)
            let second = try await pass(request.bytes)
            return copies.answersWithSecond ? second : first
        case .overtaken:
            let end = ContinuousClock.now + patience * 2
            while ContinuousClock.now < end,
                state.withLock({ !$0.isHealed && $0.arrived == number || $0.underWay > $0.arrived - number + 1 })
            {
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        return try await pass(request.bytes)
    }

    /// Sends bytes to the gate and reads what comes back until it hangs up.
    private func pass(_ bytes: ByteBuffer, isWhole: Bool = true) async throws -> HTTPMessage? {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: gate) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(bytes)
            guard isWhole else { return nil }
            return try await HTTPMessage.rest(of: inbound)
        }
    }
}
