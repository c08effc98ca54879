// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A body of any length", .serialized, .timeLimit(.minutes(3)), .shop("--max-request-bytes", "1000000000"))
struct LongBodyTests {
    private let shop: Shop
    private static let megabyte = 1 << 20

    init() throws { shop = try Shop.shared() }

    /// However long a body is, only a little of it is in memory at a time.
    private func expectLeanProcess(sourceLocation: SourceLocation = #_sourceLocation) {
        guard let peak = shop.serve.child.peakMemory else { return }
        #expect(peak < 300 * Self.megabyte, "\(peak / Self.megabyte) MiB", sourceLocation: sourceLocation)
    }

    @Test func `goes through without filling the memory`() async throws {
        var payer = try await shop.regular()
        let bytes = 2049 * Self.megabyte
        let reply = try await shop.get("/big/\(bytes)", paying: payer.pay(), within: .seconds(60))
        #expect(reply.status == 200)
        #expect(reply.bodyBytes == bytes)
        #expect(reply.isComplete)
        try payer.settle(reply)
        expectLeanProcess()
    }

    @Test func `waits for a client that does not read it, and others are served meanwhile`() async throws {
        var payers: [TestPayer] = []
        var connections: [RawConnection] = []
        for _ in 0..<4 {
            var payer = try await shop.regular()
            let header = ("PAYMENT-SIGNATURE", try payer.pay().header)
            let connection = try await shop.client.sent("GET", "/big/\(256 * Self.megabyte)", [header])
            #expect(try await connection.read(atLeast: 100_000) >= 100_000)
            payers.append(payer)
            connections.append(connection)
        }
        try await shop.expectService()
        try await Task.sleep(for: .seconds(1))
        expectLeanProcess()
        for connection in connections { connection.reset() }
        try await shop.expectService()
        // Who hangs up has paid: it was this side that delivered.
        for payer in payers {
            let books = try await shop.books(of: payer)
            #expect(books.charged == Amount(units: 2000))
            #expect(books.credit == .zero)
        }
    }

    @Test func `goes up without filling the memory`() async throws {
        var payer = try await shop.regular()
        let count = 128
        let headers = [("PAYMENT-SIGNATURE", try payer.pay().header), ("Content-Length", "\(count * Self.megabyte)")]
        let connection = try await shop.client.sent("POST", "/upload", headers)
        let piece = [UInt8](repeating: 0x78, count: Self.megabyte)
        for _ in 0..<count { try await connection.send(piece) }
        let reply = try await connection.reply(within: .seconds(60))
        #expect(reply.status == 200)
        try payer.settle(reply)
        #expect(shop.upstream.requests.last { $0.path == "/upload" }?.bodyBytes == count * Self.megabyte)
        expectLeanProcess()
    }
}
