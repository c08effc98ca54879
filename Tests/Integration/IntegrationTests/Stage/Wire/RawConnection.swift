// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A connection on which a test says exactly what it wants, and when.
struct RawConnection: Sendable {
    private let socket: TCPSocket

    static func open(port: Int) async throws -> RawConnection {
        RawConnection(socket: try await onOwnThread { try TCPSocket.connected(to: port) })
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await onOwnThread { try socket.send(bytes) } }

    /// Reads one answer.
    ///
    /// - Throws: `HTTPReader.Fault.brokenOff` when the connection ends before the answer's head is complete.
    func reply(toHead isHead: Bool = false, within limit: Duration = .seconds(20)) async throws -> HTTPReply {
        try await onOwnThread { try Self.read(HTTPReader(socket, within: limit), isHead: isHead) }
    }

    /// Reads answers that come one after another.
    func replies(_ count: Int, within limit: Duration = .seconds(20)) async throws -> [HTTPReply] {
        try await onOwnThread {
            let reader = HTTPReader(socket, within: limit)
            return try (0..<count).map { _ in try Self.read(reader, isHead: false) }
        }
    }

    /// Reads so many bytes and leaves the rest where it is.
    func read(atLeast count: Int, within limit: Duration = .seconds(20)) async throws -> Int {
        try await onOwnThread {
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            var seen = 0
            while seen < count {
                let part = try socket.receive(into: &buffer, until: .now + limit)
                if part == 0 { break }
                seen += part
            }
            return seen
        }
    }

    func finishSending() { socket.finishSending() }
    func close() { socket.close() }
    func reset() { socket.reset() }

    /// - Returns: Whether the server ended the connection in time.
    func isEnded(within limit: Duration) async throws -> Bool {
        try await onOwnThread { socket.waitForEnd(within: limit) }
    }

    static func read(_ reader: HTTPReader, isHead: Bool) throws -> HTTPReply {
        guard let head = try reader.head() else { throw HTTPReader.Fault.brokenOff }
        var body: [UInt8] = []
        var count = 0
        var isComplete = true
        if !isHead, head.status != 204, head.status != 304 {
            do {
                try reader.body(of: head, isResponse: true) { part in
                    count += part.count
                    if body.count < HTTPReply.keptBytes { body += part.prefix(HTTPReply.keptBytes - body.count) }
                }
            } catch HTTPReader.Fault.brokenOff {
                isComplete = false
            } catch TCPSocket.Fault.broken {
                isComplete = false
            }
        }
        return HTTPReply(head: head, body: body, bodyBytes: count, isComplete: isComplete)
    }
}
