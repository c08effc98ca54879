// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import Synchronization

/// An API that does what it is told by the path, also what no API should do.
final class TestUpstream: Sendable {
    struct Request: Sendable {
        let head: HTTPHead
        /// The first megabyte of it.
        let body: [UInt8]
        let bodyBytes: Int
        var method: String { head.words.first ?? "" }
        var target: String { head.words.count > 1 ? head.words[1] : "" }
        var path: String { String(target.prefix { $0 != "?" }) }
    }

    private struct State {
        var requests: [Request] = []
        var connections: [ObjectIdentifier: TCPSocket] = [:]
        var isStopped = false
    }

    let port: Int
    private let listener: TCPSocket
    private let state = Mutex(State())
    private let leave = DispatchSemaphore(value: 0)

    /// - Parameter port: 0 takes any free one.
    init(port: Int = 0) throws {
        (listener, self.port) = try TCPSocket.listening(on: port)
        Thread.detachNewThread { [weak self, listener] in
            while let socket = listener.accepted() {
                guard let self else { return }
                self.take(socket)
            }
        }
    }

    deinit { stop() }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }

    /// How often this path was asked for.
    func calls(of path: String) -> Int { state.withLock { $0.requests.count { $0.path == path } } }

    /// How often anything was asked for; what a gate asks for to see whether anybody is there does not count.
    var calls: Int { state.withLock { $0.requests.count { $0.path != "/" } } }

    /// One request goes on that waits, as `/held` and `/half-events` do, or the next one that will.
    func letGo() { leave.signal() }

    /// Whoever connects after this is refused.
    func stop() {
        let connections = state.withLock { state in
            state.isStopped = true
            return Array(state.connections.values)
        }
        listener.interrupt()
        for socket in connections { socket.interrupt() }
    }

    private func take(_ socket: TCPSocket) {
        let isTaken = state.withLock { state in
            if !state.isStopped { state.connections[ObjectIdentifier(socket)] = socket }
            return !state.isStopped
        }
        guard isTaken else { return }
        Thread.detachNewThread { [weak self, leave] in
            let reader = HTTPReader(socket, within: .seconds(3600))
            while let request = try? Self.read(reader) {
                self?.state.withLock { $0.requests.append(request) }
                let answer = UpstreamAnswer(to: request, on: socket) { _ = leave.wait(timeout: .now() + .seconds(120)) }
                guard (try? answer.give()) == true else { break }
            }
            self?.state.withLock { _ = $0.connections.removeValue(forKey: ObjectIdentifier(socket)) }
            socket.close()
        }
    }

    private static func read(_ reader: HTTPReader) throws -> Request? {
        guard let head = try reader.head() else { return nil }
        var body: [UInt8] = []
        var count = 0
        try reader.body(of: head, isResponse: false) { part in
            count += part.count
            if body.count < HTTPReply.keptBytes { body += part.prefix(HTTPReply.keptBytes - body.count) }
        }
        return Request(head: head, body: body, bodyBytes: count)
    }
}
