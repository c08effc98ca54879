// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Sends requests as they are written, each on a connection of its own.
struct RawHTTPClient: Sendable {
    let port: Int

    func get(
        _ target: String, _ headers: [(String, String)] = [], within limit: Duration = .seconds(20)
    ) async throws -> HTTPReply {
        try await send("GET", target, headers, within: limit)
    }

    func send(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil,
        within limit: Duration = .seconds(20)
    ) async throws -> HTTPReply {
        var bytes = request(method, target, headers, length: body?.count)
        if let body { bytes += body }
        return try await onOwnThread { [bytes] in
            let socket = try TCPSocket.connected(to: port)
            do { try socket.send(bytes, within: limit) } catch TCPSocket.Fault.broken {
                // A server may answer and hang up before it has heard all.
            }
            return try RawConnection.read(HTTPReader(socket, within: limit), isHead: method == "HEAD")
        }
    }

    /// A connection with this request on it, whose answer nobody has read yet.
    func sent(
        _ method: String, _ target: String, _ headers: [(String, String)] = []
    ) async throws -> RawConnection {
        let connection = try await RawConnection.open(port: port)
        try await connection.send(request(method, target, headers))
        return connection
    }

    func request(
        _ method: String, _ target: String, _ headers: [(String, String)] = [], length: Int? = nil
    ) -> [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let length { text += "Content-Length: \(length)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}
