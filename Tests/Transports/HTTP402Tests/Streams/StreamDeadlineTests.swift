// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Hummingbird
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

/// A desk lets a payment go 3600 s after it set it aside; 5/6 of that are 3000 s.
@Suite("A stream whose upstream takes its time to begin", .timeLimit(.minutes(2)))
struct StreamDeadlineTests {
    /// Sells a stream whose head comes when a bell rings.
    private func open(
        renews: Bool = false, _ body: @escaping @Sendable (StreamStall, Bell) async throws -> Void
    ) async throws {
        let head = Bell()
        let handler: StreamStall.Handler = { _, body in
            await head.wait()
            return Response(status: .ok, body: body)
        }
        try await StreamStall.open("KiB", desk: ScriptedDesk(renews: renews), handler: handler) { stall in
            try await body(stall, head)
        }
    }

    /// Opens the stream, whose head comes so long after its payment.
    private func ask(
        _ stall: StreamStall, on client: RawConnection, _ head: Bell, late: Duration
    ) async throws -> String {
        try await client.send(
            "GET /stream HTTP/1.1\r\nHost: stall.test\r\nPAYMENT-SIGNATURE: \(stall.payment(1).header)\r\n\r\n")
        await stall.desk.waitUntil(.admitted(stall.payment(1)))
        stall.time.pass(late)
        await head.ring()
        return try await stall.readHead(on: client)
    }

    @Test func `is charged before the payment that opened it lapses`() async throws {
        try await open { stall, head in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await ask(stall, on: client, head, late: .seconds(2999))
                stall.pour(String(repeating: "h", count: 512))
                _ = await client.read(through: "hhh\r\n")
                #expect(await stall.charges.isEmpty)
                var passed = Duration.zero
                while await stall.charges.isEmpty {
                    stall.time.pass(.milliseconds(10))
                    passed += .milliseconds(10)
                    try await Task.sleep(for: .milliseconds(1))
                }
                #expect(await stall.charges == [50])
                #expect(passed < .seconds(301))
            }
        }
    }

    @Test func `gives nothing for a payment whose time is up`() async throws {
        try await open { stall, head in
            try await RawConnection.open(port: stall.port) { client in
                let id = try await ask(stall, on: client, head, late: .seconds(3600))
                stall.pour("bought by the second")
                #expect(try await stall.pay(1, for: id).json?["used"] == "0")
                #expect(await stall.charges == [0])
                async let second = stall.pay(2, for: id)
                #expect(await client.read(through: "second\r\n").hasSuffix("bought by the second\r\n"))
                stall.end()
                #expect(try await second.status == 200)
                #expect(await stall.charges == [0, 1])
            }
        }
    }

    @Test func `has all the time of a payment that was set aside anew`() async throws {
        try await open(renews: true) { stall, head in
            try await RawConnection.open(port: stall.port) { client in
                _ = try await ask(stall, on: client, head, late: .seconds(2999))
                stall.pour(String(repeating: "h", count: 256))
                _ = await client.read(through: "hhh\r\n")
                stall.time.pass(.seconds(2999))
                stall.pour(String(repeating: "i", count: 256))
                #expect(await client.read(through: "iii\r\n").hasSuffix("iii\r\n"))
                stall.end()
                #expect(await client.read(through: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
                #expect(await stall.charges == [50])
            }
        }
    }
}
