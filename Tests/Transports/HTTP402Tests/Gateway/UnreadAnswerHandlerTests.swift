// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A client that does not take its answer", .timeLimit(.minutes(5)))
struct UnreadAnswerHandlerTests {
    @Test func `is hung up on, and holds its connection no longer`() async throws {
        let bell = Bell()
        let endless = Stall.endless().body
        try await serve(.milliseconds(200)) { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    do {
                        try await endless.write(writer)
                    } catch {
                        await bell.ring()
                        throw error
                    }
                })
        } _: { port in
            try await RawConnection.open(port: port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                // It reads nothing; the suite's time limit is what fails otherwise.
                await bell.wait()
            }
        }
    }

    @Test func `is served when it reads, however long that takes in all`() async throws {
        try await serve(.seconds(20)) { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    let part = ByteBuffer(repeating: UInt8(ascii: "."), count: 64 * 1024)
                    for _ in 0..<400 { try await writer.write(part) }
                    try await writer.finish(nil)
                })
        } _: { port in
            try await RawConnection.open(port: port) { client in
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                try await Task.sleep(for: .milliseconds(300))
                #expect(await client.readToEnd().hasSuffix("0\r\n\r\n"))
            }
        }
    }

    @Test func `is not hung up on while it waits for an answer`() async throws {
        try await serve(.milliseconds(50)) { _, _ in
            try await Task.sleep(for: .milliseconds(300))
            return Stall.response("at last")
        } _: { port in
            let reply = try await RawConnection.ask(port, "GET /")
            #expect(reply.body == "at last")
        }
    }

    private func serve(
        _ timeout: TimeAmount, _ handler: @escaping House.Handler, _ body: @Sendable (Int) async throws -> Void
    ) async throws {
        try await House.serve(handler, handlers: { [UnreadAnswerHandler(timeout: timeout)] }, body)
    }
}
