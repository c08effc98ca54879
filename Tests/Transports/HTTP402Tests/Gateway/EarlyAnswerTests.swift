// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

@Suite("An upstream that answers before it was asked to the end", .timeLimit(.minutes(5)))
struct EarlyAnswerTests {
    @Test(arguments: ["Content-Length: 10", "Transfer-Encoding: chunked"])
    func `gets its answer delivered, and the rest of the request harms nobody`(framing: String) async throws {
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly")
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await House.gateway(to: upstream) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send("POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
                    #expect(await client.read(through: "early").hasPrefix("HTTP/1.1 200 OK"))
                    try? await client.send("5\r\n12345\r\n0\r\n\r\n")
                }
                try await RawConnection.open(port: port) { client in
                    try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(await client.read(through: "early").hasPrefix("HTTP/1.1 200 OK"))
                }
            }
        }
    }

    @Test func `is given up when it is silent, however long the client goes on sending`() async throws {
        let limits = House.impatient(.milliseconds(200))
        try await RawServer.run { upstream in
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await House.gateway(to: upstream, limits: limits) { port in
                try await RawConnection.open(port: port) { client in
                    try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1")
                    #expect(await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 504"))
                    try? await client.send("23")
                    _ = await client.readToEnd()
                }
            }
        }
    }
}
