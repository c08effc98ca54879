// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A gateway whose upstream fails", .timeLimit(.minutes(5)))
struct GatewayFailureTests {
    private let paying = ["PAYMENT-SIGNATURE: \(Shop.payment().header)"]

    @Test func `says that it cannot be reached, and charges nothing`() async throws {
        let desk = ScriptedDesk()
        try await House.tollgate(to: try await RawServer.deadPort(), desk: desk) { port in
            let response = try await RawConnection.ask(port, "GET /weather", paying)
            #expect(response.status == 502)
            #expect(response.values("content-type") == ["application/problem+json"])
            #expect(response.json?["code"] == "upstream.unreachable")
            #expect(response.values("payment-response").isEmpty)
        }
        #expect(await desk.outcomes == [.released])
    }

    @Test func `says that it takes too long, and charges nothing`() async throws {
        let desk = ScriptedDesk()
        let limits = House.impatient(.milliseconds(100))
        try await RawServer.run { upstream in
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await House.tollgate(to: upstream, desk: desk, limits: limits) { port in
                let response = try await RawConnection.ask(port, "GET /weather", paying)
                #expect(response.status == 504)
                #expect(response.json?["code"] == "upstream.timeout")
            }
        }
        #expect(await desk.outcomes == [.released])
    }

    @Test func `does not call it a fault of the upstream when a request is cut off`() async throws {
        let (asked, log) = (Bell(), Warnings())
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            await asked.ring()
            _ = await upstream.readToEnd()
        } _: { port in
            try await House.withGateway(to: port) { gateway in
                let head = HTTPRequest(method: .get, scheme: "http", authority: "a", path: "/")
                let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
                let work = Task { try await gateway.respond(to: request, logger: log.logger) }
                await asked.wait()
                work.cancel()
                let response = try await work.value
                #expect(response.status == .serviceUnavailable)
            }
        }
        #expect(log.lines.isEmpty)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-", "Good day!\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n"])
    func `makes nothing of an answer without a head`(answer: String) async throws {
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send(answer)
        } _: { upstream in
            try await House.gateway(to: upstream) { port in
                let response = try await RawConnection.ask(port, "GET /")
                #expect(response.status == 502)
            }
        }
    }

    @Test(arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
    func `passes on that an answer broke off, and credits it when it was charged`(framing: String) async throws {
        let desk = ScriptedDesk()
        let isShort = framing.hasPrefix("Content")
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n" + (isShort ? "half" : "4\r\nhalf\r\n"))
        } _: { upstream in
            try await House.tollgate(to: upstream, desk: desk) { port in
                for path in ["/free", "/weather"] {
                    try await RawConnection.open(port: port) { client in
                        try await client.send(
                            "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(paying[0])\r\n\r\n")
                        // A short one that was paid for is not begun before it is whole.
                        let isBegun = !isShort || path == "/free"
                        let text = await client.read(through: isBegun ? "half" : "\r\n\r\n")
                        #expect(text.hasPrefix(isBegun ? "HTTP/1.1 200" : "HTTP/1.1 5"))
                        #expect(await !client.readToEnd().hasSuffix("0\r\n\r\n"))
                    }
                }
                await desk.waitUntil(isShort ? .released : .deliveryFailed)
            }
        }
        #expect(
            await desk.outcomes == (isShort ? [.released] : [.charged(Amount(units: 1000)), .deliveryFailed]))
    }

    @Test func `gives up an answer that falls silent, and credits it`() async throws {
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await buy(from: upstream) { client, desk in
                let text = await client.readToEnd()
                #expect(text.hasSuffix("half\r\n"))
                await desk.waitUntil(.deliveryFailed)
            }
        }
    }

    @Test func `does not credit an answer that the client left unread`() async throws {
        let gaveUp = Bell()
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            let part = String(repeating: ".", count: 1_000_000)
            do {
                while true { try await upstream.send(part) }
            } catch {
                await gaveUp.ring()
            }
        } _: { upstream in
            try await buy(from: upstream) { client, desk in
                await gaveUp.wait()
                // Now the client reads on, as if nothing had been.
                #expect(await !client.readToEnd().isEmpty)
                #expect(await desk.outcomes == [.charged(Amount(units: 1000))])
            }
        }
    }

    /// Buys at a gateway that soon loses patience, and goes on once the answer has begun.
    ///
    /// Where it had no time to begin, because the machine was busy, it is tried again with more patience.
    private func buy(
        from upstream: Int, _ body: @escaping @Sendable (RawConnection, ScriptedDesk) async throws -> Void
    ) async throws {
        for patience in [1, 4, 16, 64] {
            let desk = ScriptedDesk()
            let limits = House.impatient(.seconds(patience))
            let hasBegun = try await House.tollgate(to: upstream, desk: desk, limits: limits) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send("GET /weather HTTP/1.1\r\nHost: a\r\n\(paying[0])\r\n\r\n")
                    guard await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 200") else { return false }
                    try await body(client, desk)
                    return true
                }
            }
            if hasBegun { return }
        }
        Issue.record("it never began")
    }
}

/// What was logged as a warning, or as worse.
private final class Warnings: Sendable {
    private let entries = Mutex<[String]>([])

    var lines: [String] { entries.withLock { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(warnings: self) } }

    private struct Handler: LogHandler {
        let warnings: Warnings
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { warnings.entries.withLock { $0.append("\(event.message)") } }
    }
}
