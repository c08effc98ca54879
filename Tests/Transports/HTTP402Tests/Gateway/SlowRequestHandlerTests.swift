// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A client that takes its time", .timeLimit(.minutes(5)))
struct SlowRequestHandlerTests {
    @Test func `is cut off when its head does not end, however it trickles`() async throws {
        try await serve(head: .seconds(1)) { port in
            try await RawConnection.open(port: port) { client in
                // On a busy machine even this may come too late.
                try? await client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: ")
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
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
                #expect(await !client.readToEnd().hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `has its whole time again for each part of a body`() throws {
        let channel = try channel()
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        try channel.writeInbound(HTTPRequestPart.head(Shop.request("/")))
        for _ in 0..<5 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(4))
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "a")))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(!channel.isActive)
    }

    @Test func `is not cut off while it waits for its answer, nor between two requests`() throws {
        let channel = try channel()
        for _ in 0..<2 {
            try channel.writeInbound(HTTPRequestPart.head(Shop.request("/")))
            try channel.writeInbound(HTTPRequestPart.end(nil))
            channel.embeddedEventLoop.advanceTime(by: .hours(1))
            #expect(channel.isActive)
        }
    }

    @Test func `is cut off at the end of its time, and not before`() throws {
        let channel = try channel()
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!channel.isActive)
    }

    @Test func `is let go when its connection is closed or its handler taken away`() throws {
        let closed = try channel()
        _ = try closed.finish()
        closed.embeddedEventLoop.advanceTime(by: .hours(1))

        let bare = try channel()
        let handler = try bare.pipeline.syncOperations.handler(type: SlowRequestHandler.self)
        bare.pipeline.syncOperations.removeHandler(handler, promise: nil)
        bare.embeddedEventLoop.advanceTime(by: .hours(1))
        #expect(bare.isActive)
    }

    /// A connection whose time is told by the test: 10 s for a head, 5 s of silence.
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(
            handler: SlowRequestHandler(headTimeout: .seconds(10), silenceTimeout: .seconds(5)))
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 80), promise: nil)
        return channel
    }

    private func serve(
        head: TimeAmount = .seconds(30), silence: TimeAmount = .seconds(30),
        _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        try await House.serve(
            { request, _ in
                _ = try await request.body.collect(upTo: 1_000)
                return Stall.response("served")
            },
            handlers: { [SlowRequestHandler(headTimeout: head, silenceTimeout: silence)] }, body)
    }
}
