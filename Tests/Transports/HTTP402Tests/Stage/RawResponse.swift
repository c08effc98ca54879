// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

/// A response as it came over the wire.
struct RawResponse {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: String

    /// Reads what a connection that is closed after one response brought.
    init(_ text: String) throws {
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "no end of the head in \(text.debugDescription)")
        let lines = text[..<end.lowerBound].split(separator: "\r\n", omittingEmptySubsequences: false)
        status = try #require(Int(lines[0].split(separator: " ")[1]))
        fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (parts[0].lowercased(), String(parts[1].drop { $0 == " " }))
        }
        let rest = String(text[end.upperBound...])
        let isChunked = fields.contains { $0.name == "transfer-encoding" && $0.value == "chunked" }
        body = isChunked ? try Self.joined(rest) : rest
    }

    /// All values of a field, in the order in which they came.
    func values(_ name: String) -> [String] {
        fields.filter { $0.name == name.lowercased() }.map(\.value)
    }

    var json: JSON? { try? JSON.parse(body) }

    /// Puts chunks together; a body that has no last chunk is no body.
    private static func joined(_ text: String) throws -> String {
        var rest = text[...]
        var joined = ""
        while true {
            let line = try #require(rest.firstRange(of: "\r\n"), "the last chunk is missing")
            let count = try #require(Int(rest[..<line.lowerBound], radix: 16))
            rest = rest[line.upperBound...]
            guard count > 0 else { return joined }
            joined += rest.prefix(count)
            rest = rest.dropFirst(count).dropFirst(1)
        }
    }
}

extension RawConnection {
    /// Sends one request on a connection of its own and reads the answer to it.
    static func ask(
        _ port: Int, _ line: String, _ headers: [String] = [], body: String = ""
    ) async throws -> RawResponse {
        try await open(port: port) { connection in
            let head = ["\(line) HTTP/1.1", "Host: gate.test", "Connection: close"] + headers
            try await connection.send(head.joined(separator: "\r\n") + "\r\n\r\n" + body)
            return try RawResponse(await connection.readToEnd())
        }
    }
}
