// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import AsyncHTTPClient
import FarthingEncodings
import NIOCore
import Testing

@testable import FarthingHTTP402

@Suite("An upstream whose answer is sold part by part", .timeLimit(.minutes(2)))
struct StreamSilenceTests {
    @Test func `is not taken for silent while a part of it waits for its payer`() async throws {
        let (content, paid) = (String(repeating: "a", count: 2048), Bell())
        try await RawServer.run { upstream in
            _ = await upstream.read(through: "\r\n\r\n")
            try await upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count + 7)\r\n\r\n" + content)
            await paid.wait()
            try await upstream.send("the end")
            _ = await upstream.readToEnd()
        } _: { upstream in
            try await StreamStall.open("KiB", before: upstream, limits: House.impatient(.seconds(15))) { stall in
                try await RawConnection.open(port: stall.port) { client in
                    let id = try await stall.open(on: client)
                    #expect(try await stall.pay(1, for: id).json?["used"] == "1024")
                    // As a payer does that first asks a person.
                    try await Task.sleep(for: .seconds(18))
                    await paid.ring()
                    async let second = stall.pay(2, for: id)
                    async let third = stall.pay(3, for: id)
                    #expect(await client.read(through: "the end").hasSuffix("the end"))
                    #expect(await client.read(through: "0\r\n\r\n").hasSuffix("\r\n0\r\n\r\n"))
                    #expect(try await [second.status, third.status] == [200, 200])
                    #expect(await stall.charges == [100, 100, 0])
                }
            }
        }
    }

    @Test func `is given up when it was asked for more and is silent`() async throws {
        let (parts, tap) = AsyncStream.makeStream(of: ByteBuffer.self)
        tap.yield(ByteBuffer(string: "one"))
        let iterator = AskedParts(body: .stream(parts), silence: .seconds(5)).makeAsyncIterator()
        #expect(try await iterator.next() == ByteBuffer(string: "one"))
        await #expect(throws: GatewayFault.timeout(after: .seconds(5))) { try await iterator.next() }
    }
}
