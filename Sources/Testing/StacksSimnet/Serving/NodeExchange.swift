// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore
import NIOHTTP1

/// What a client asks.
struct NodeRequest: Sendable {
    let method: HTTPMethod
    /// The parts of the path, without the question behind it.
    let path: [String]
    /// What stands behind the question mark, by name.
    let query: [String: String]
    let contentType: String?
    let body: [UInt8]

    init(_ head: HTTPRequestHead, body: [UInt8]) {
        method = head.method
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = (parts.first ?? "").split(separator: "/").map { Self.unescaped($0) }
        var query: [String: String] = [:]
        if parts.count == 2 {
            for pair in parts[1].split(separator: "&") {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                query[String(sides[0])] = sides.count == 2 ? Self.unescaped(sides[1]) : ""
            }
        }
        self.query = query
        contentType = head.headers.first(name: "Content-Type")
        self.body = body
    }

    /// The body as JSON, or `nil` when it is none.
    var json: JSON? { try? JSON.parse(body, limits: JSON.Limits(maximumBytes: 8 << 20)) }

    /// Percent signs and two digits taken for the byte that they mean; names of functions end in `?` and `!`.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What the node answers.
struct NodeAnswer: Sendable {
    let status: HTTPResponseStatus
    let contentType: String
    let body: [UInt8]

    static func json(_ json: JSON, status: HTTPResponseStatus = .ok) -> NodeAnswer {
        NodeAnswer(status: status, contentType: "application/json", body: json.bytes)
    }

    static func text(_ text: String, status: HTTPResponseStatus) -> NodeAnswer {
        NodeAnswer(status: status, contentType: "text/plain", body: Array(text.utf8))
    }

    static func notFound(_ what: String) -> NodeAnswer { text(what, status: .notFound) }

    static func bad(_ why: String) -> NodeAnswer { text(why, status: .badRequest) }
}
