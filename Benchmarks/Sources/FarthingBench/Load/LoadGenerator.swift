// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import CLoad
import Foundation

/// Connections that send requests made beforehand and wait for the answers.
///
/// Written on bare sockets in C, because a client that does more would take longer than the server. It looks at the
/// status and the length of each answer, and keeps the last one of each connection.
final class LoadGenerator: Sendable {
    struct Outcome: Sendable {
        let measurement: Measurement
        /// The last answer on each connection, head and body.
        let last: [String]
    }

    private let requests: LoadRequests
    private let port: Int
    private let rate: Double
    private let status: Int

    /// - Parameters:
    ///   - rate: Pieces a second, sent whether or not the ones before are answered; `nil` sends a connection's next
    ///     request when its last one is answered.
    ///   - status: What every answer must have.
    init(port: Int, requests: LoadRequests, rate: Double? = nil, status: Int = 200) {
        self.requests = requests
        self.port = port
        self.rate = rate ?? 0
        self.status = status
    }

    /// Sends everything.
    ///
    /// - Parameters:
    ///   - server: Whose processor time counts.
    ///   - operations: How many operations the requests are, where it is not one an answer.
    func run(against server: ChildServer, operations: Int? = nil) async throws -> Outcome {
        let raw = try await send { try server.processSeconds() }
        return Outcome(
            measurement: Measurement(
                operations: operations ?? requests.answers, wall: raw.wall, cpu: raw.serverSeconds,
                latencies: raw.latencies.sorted(), clientShare: rate > 0 ? nil : raw.cpu / raw.wall),
            last: raw.last)
    }

    /// Sends everything to somebody whose processor time does not matter.
    ///
    /// - Returns: The last answer on each connection.
    func run() async throws -> [String] { try await send { 0 }.last }

    private struct Raw: Sendable {
        var wall = 0.0
        var cpu = 0.0
        var serverSeconds = 0.0
        var latencies: [Double] = []
        var last: [String] = []
    }

    /// On a thread of its own, which is bound to the client's processor and waits in the kernel.
    private func send(clock: @escaping @Sendable () throws -> Double) async throws -> Raw {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in continuation.resume(with: Result { try sendHere(clock) }) }
        }
    }

    private func sendHere(_ clock: () throws -> Double) throws -> Raw {
        try requests.bytes.withUnsafeBufferPointer { bytes in
            try requests.pieces.withUnsafeBufferPointer { pieces in
                try (requests.firsts ?? []).withUnsafeBufferPointer { firsts in
                    var plan = load_plan(
                        port: UInt16(port), connections: UInt32(requests.connections), bytes: bytes.baseAddress,
                        pieces: pieces.baseAddress, count: pieces.count,
                        firsts: requests.firsts == nil ? nil : firsts.baseAddress, rate: rate, status: UInt32(status),
                        core: Placement.client)
                    return try withUnsafePointer(to: &plan) { try send($0, clock) }
                }
            }
        }
    }

    private func send(_ plan: UnsafePointer<load_plan>, _ clock: () throws -> Double) throws -> Raw {
        guard let load = load_connect(plan) else { throw WrongResult("Port \(port) takes no connections.") }
        defer { load_close(load) }
        var latencies = [UInt32](repeating: 0, count: requests.pieces.count)
        var outcome = load_outcome()
        let before = try clock()
        guard load_run(load, &latencies, &outcome) != 0 else {
            throw WrongResult(
                withUnsafeBytes(of: &outcome.fault) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return Raw(
            wall: outcome.wall, cpu: outcome.cpu, serverSeconds: try clock() - before,
            latencies: latencies.map { Double($0) * 1e-9 },
            last: (0..<plan.pointee.connections).map { connection in
                var length = 0
                let text = load_last(load, connection, &length)
                return String(decoding: UnsafeBufferPointer(start: text, count: length), as: UTF8.self)
            })
    }
}
