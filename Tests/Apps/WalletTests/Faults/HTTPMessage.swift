// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import NIOCore

/// The bytes of one HTTP/1.1 request or answer, whole.
struct HTTPMessage: Sendable {
    let bytes: ByteBuffer

    /// Reads one request, and makes it the last of its connection; `nil` when it broke off.
    static func request(from inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws -> HTTPMessage? {
        var text: [UInt8] = []
        for try await piece in inbound {
            text += piece.readableBytesView
            guard let end = headEnd(of: text) else { continue }
            let head = String(decoding: text[..<end], as: UTF8.self)
            let length = value(of: "content-length", in: head).flatMap { Int($0) } ?? 0
            guard text.count >= end + length else { continue }
            let lines = head.split(separator: "\r\n").filter { !$0.lowercased().hasPrefix("connection:") }
            var bytes = ByteBuffer(string: (lines + ["Connection: close"]).joined(separator: "\r\n") + "\r\n\r\n")
            bytes.writeBytes(text[end..<(end + length)])
            return HTTPMessage(bytes: bytes)
        }
        return nil
    }

    /// Reads all that comes until the other side hangs up; `nil` when that is nothing.
    static func rest(of inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws -> HTTPMessage? {
        var bytes = ByteBuffer()
        for try await piece in inbound { bytes.writeImmutableBuffer(piece) }
        // The connection ends here, and whoever reads this must not use it again.
        let text = Array(bytes.readableBytesView)
        guard let end = headEnd(of: text) else { return nil }
        let head = String(decoding: text[..<(end - 2)], as: UTF8.self) + "Connection: close\r\n\r\n"
        var marked = ByteBuffer(string: head)
        marked.writeBytes(text[end...])
        return HTTPMessage(bytes: marked)
    }

    /// The first bytes of it: at least none, at most all.
    func prefix(_ share: Double) -> ByteBuffer {
        let count = Int((Double(bytes.readableBytes + 1) * share).rounded(.down))
        return bytes.getSlice(at: bytes.readerIndex, length: min(count, bytes.readableBytes)) ?? bytes
    }

    /// The same answer without the `extensions` of its demand.
    var withoutExtensions: HTTPMessage {
        let text = Array(bytes.readableBytesView)
        guard let end = Self.headEnd(of: text) else { return self }
        let lines = String(decoding: text[..<end], as: UTF8.self).split(separator: "\r\n").map { line -> String in
            guard line.lowercased().hasPrefix("payment-required:"),
                let header = line.split(separator: ":", maxSplits: 1).last,
                let decoded = try? Base64.decode(String(header.drop { $0 == " " }), maximumBytes: 1 << 20),
                let demand = try? JSON.parse(decoded), let members = demand.members
            else { return String(line) }
            let kept = members.filter { $0.name != "extensions" }
                .reduce(JSON.object([])) { $0.adding($1.name, $1.value) }
            return "PAYMENT-REQUIRED: " + Base64.encode(kept.bytes)
        }
        var changed = ByteBuffer(string: lines.joined(separator: "\r\n") + "\r\n\r\n")
        changed.writeBytes(text[end...])
        return HTTPMessage(bytes: changed)
    }

    private static func headEnd(of text: [UInt8]) -> Int? {
        var index = 3
        while index < text.count {
            if text[index] == 10, text[index - 2] == 10, text[index - 1] == 13, text[index - 3] == 13 {
                return index + 1
            }
            index += text[index] == 10 || text[index] == 13 ? 1 : 2
        }
        return nil
    }

    private static func value(of name: String, in head: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ":") }
            .map { $0.dropFirst(name.count + 1).filter { $0 != " " } }
    }
}

extension HTTPMessage {
    /// What is asked for, with the query.
    var target: String {
        String(buffer: bytes).split(separator: " ", maxSplits: 2).dropFirst().first.map(String.init) ?? ""
    }

    /// The value of a header.
    func value(of name: String) -> String? { Self.value(of: name, in: String(buffer: bytes)) }
}
