// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402

@Suite("A client that takes its time", .timeLimit(.minutes(1)))
struct SlowRequestHandlerTests {
    @Test func `is cut off when its head does not end, however it trickles`() async throws {
        try await serve(head: .milliseconds(200)) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: ")
                // It goes on until it is cut off; the suite's time limit is what fails otherwise.
                while (try? await client.send("a")) != nil { await Task.yield() }
            }
        }
    }

    @Test func `is cut off when it says nothing at all`() async throws {
        try await serve(head: .milliseconds(200)) { port in
            try await RawConnection.open(port: port) { client in
                #expect(await client.readToEnd() == "")
            }
        }
    }

    @Test func `is cut off when its body falls silent`() async throws {
        try await serve(silence: .milliseconds(200)) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
                #expect(await !client.readToEnd().hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `is served when the answer is what takes long`() async throws {
        let bell = Bell()
        try await serve(head: .seconds(2), silence: .seconds(2), bell: bell) { port in
            try await RawConnection.open(port: port) { client in
                try await client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
                // Another client is cut off meanwhile: that long the first one waits.
                try await RawConnection.open(port: port) { _ = await $0.readToEnd() }
                await bell.ring()
                #expect(await client.read(through: "served").hasPrefix("HTTP/1.1 200"))
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(await client.read(through: "served").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    /// - Parameter bell: What `/slow` waits for.
    private func serve(
        head: TimeAmount = .seconds(30), silence: TimeAmount = .seconds(30), bell: Bell = Bell(),
        _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        try await House.serve(
            { request, _ in
                if request.method == .post { _ = try await request.body.collect(upTo: 1_000) }
                if request.uri.path == "/slow", request.method == .get { await bell.wait() }
                return Stall.response("served")
            },
            handlers: { [SlowRequestHandler(headTimeout: head, silenceTimeout: silence)] }, body)
    }
}
