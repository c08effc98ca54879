// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Hummingbird
import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("A stream that is over before its request is", .timeLimit(.minutes(2)))
struct StreamUploadTests {
    /// Answers early, and reads the request in a task of its own until the answer is over, as a gateway does.
    private static let handler: StreamStall.Handler = { request, _ in
        Response(
            status: .ok,
            body: ResponseBody { writer in
                let reader = Task { for try await _ in request.body {} }
                defer { reader.cancel() }
                try await writer.write(ByteBuffer(string: "early"))
                do { try await Task.sleep(for: .seconds(600)) } catch {
                    // It is told to end, and is not so quick about it.
                    await Task { try? await Task.sleep(for: .milliseconds(200)) }.value
                }
            })
    }

    @Test func `leaves the connection to the server only when nobody reads it any more`() async throws {
        try await StreamStall.open("KiB", handler: Self.handler) { stall in
            try await RawConnection.open(port: stall.port) { client in
                try await client.send(
                    "POST /stream HTTP/1.1\r\nHost: stall.test\r\nContent-Length: 1000\r\n"
                        + "PAYMENT-SIGNATURE: \(stall.payment(1).header)\r\n\r\n1")
                let id = try await stall.readHead(on: client)
                #expect(await client.read(through: "early\r\n").hasSuffix("early\r\n"))
                try await stall.waitForUse(5, of: id)
                stall.time.pass(.seconds(3600))
                #expect(await client.read(through: "0\r\n\r\n") == "0\r\n\r\n")
                #expect(await stall.charges == [0])
                try? await client.send("23")
                // The rest of the request was not read, so nothing else can come on this connection.
                #expect(await client.readToEnd() == "")
            }
            #expect(try await RawConnection.ask(stall.port, "GET /stream").status == 402)
        }
    }
}
