// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingPrimitives
import HTTPTypes
import NIOCore
import NIOHTTP1
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A long request", .timeLimit(.minutes(5)))
struct LongRequestTests {
    private var limits: Gateway.Limits {
        var limits = House.patient
        limits.requestBytes = 10
        return limits
    }

    @Test(arguments: ["11", "1000000000000", "9223372036854775808", "18446744073709551615"])
    func `is refused at once when it says how long it is`(length: String) async throws {
        let desk = ScriptedDesk()
        try await House.tollgate(to: try await RawServer.deadPort(), desk: desk, limits: limits) { port in
            try await RawConnection.open(port: port) { client in
                let payment = "PAYMENT-SIGNATURE: \(Shop.payment().header)\r\n"
                try await client.send(
                    "POST /weather HTTP/1.1\r\nHost: a\r\n\(payment)Content-Length: \(length)\r\n\r\n")
                #expect(await client.read(through: "request.too-long").hasPrefix("HTTP/1.1 413"))
            }
        }
        #expect(await desk.outcomes == [.released])
    }

    @Test func `is refused as soon as it is too long when it does not say so`() async throws {
        try await RawServer.run { upstream in
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await House.gateway(to: upstream, limits: limits) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in 0..<3 { try await client.send("5\r\nhello\r\n") }
                    #expect(await client.read(through: "request.too-long").hasPrefix("HTTP/1.1 413"))
                }
            }
        }
    }

    /// Whoever has read its answer must not get its money back by sending too much afterwards.
    @Test func `is no reason for credit when the answer was on its way already`() async throws {
        let desk = ScriptedDesk()
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "hello")
            try await upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nreport\r\n")
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await House.tollgate(to: upstream, desk: desk, limits: limits) { port in
                try await RawConnection.open(port: port) { client in
                    let payment = "PAYMENT-SIGNATURE: \(Shop.payment().header)\r\n"
                    try await client.send(
                        "POST /weather HTTP/1.1\r\nHost: a\r\n\(payment)Transfer-Encoding: chunked\r\n\r\n")
                    try await client.send("5\r\nhello\r\n")
                    #expect(await client.read(through: "report").hasPrefix("HTTP/1.1 200"))
                    try await client.send("6\r\nworld!\r\n")
                    #expect(await !client.readToEnd().hasSuffix("0\r\n\r\n"))
                }
            }
        }
        #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
    }

    @Test(arguments: [
        ("Content-Length: 10", "0123456789"), ("Transfer-Encoding: chunked", "A\r\n0123456789\r\n0\r\n\r\n"),
    ])
    func `is taken up to the limit, and the connection serves on`(framing: String, body: String) async throws {
        try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream, limits: limits) { port in
                try await RawConnection.open(port: port) { client in
                    for _ in 0..<3 {
                        try await client.send("POST /x HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n\(body)")
                        #expect(await client.read(through: "0123456789").hasPrefix("HTTP/1.1 200"))
                        _ = await client.read(through: "}")
                    }
                }
            }
        }
    }

    @Test func `is not handed on as whole when the client breaks it off`() async throws {
        let heard = Heard()
        try await RawServer.run { upstream in
            await heard.note(await upstream.readToEnd())
        } _: { upstream in
            try await House.gateway(to: upstream) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send(
                        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
                    try await client.reset()
                }
                await heard.bell.wait()
            }
        }
        #expect(await !heard.text.hasSuffix("0\r\n\r\n"))
    }

    /// The gateway holds a few parts of it at a time, so its length makes no difference.
    @Test(arguments: [20 * 1024 * 1024, nil])
    func `streams through in both directions at once`(length: Int?) async throws {
        let parts = 320
        let part = ByteBuffer(bytes: (0..<64 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try await House.serve(Backend.answer) { upstream in
            try await House.gateway(to: upstream) { port in
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/mirror")
                request.method = .POST
                let body = AsyncStream { continuation in
                    for _ in 0..<parts { continuation.yield(part) }
                    continuation.finish()
                }
                request.body = .stream(body, length: length.map { .known(Int64($0)) } ?? .unknown)
                let response = try await HTTPClient.shared.execute(request, deadline: .distantFuture)
                #expect(response.status == .ok)
                var seen = 0
                for try await received in response.body {
                    for byte in received.readableBytesView.prefix(16) {
                        #expect(byte == UInt8(truncatingIfNeeded: (seen % part.readableBytes) &* 31))
                        break
                    }
                    seen += received.readableBytes
                }
                #expect(seen == parts * part.readableBytes)
            }
        }
    }

    private actor Heard {
        private(set) var text = ""
        nonisolated let bell = Bell()

        func note(_ text: String) async {
            self.text = text
            await bell.ring()
        }
    }
}
