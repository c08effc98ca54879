// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("What is delivered", .serialized, .timeLimit(.minutes(3)), .shop("--max-request-bytes", "1000000"))
struct DeliveryTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    // MARK: - Prices

    @Test(arguments: [
        ("0", "0"), ("700", "700"), ("1000", "1000"), ("5000", "1000"), ("50%25", "500"), ("33.33%25", "333"),
        ("0%25", "0"), ("100%25", "1000"), ("$0.0005", "500"), ("$7", "1000"),
    ])
    func `may cost less than was offered, never more`(asked: String, charged: String) async throws {
        var payer = try await shop.regular()
        let before = payer.charged
        let reply = try await shop.get("/charge?\(asked)", paying: payer.pay())
        #expect(reply.status == 200)
        #expect(reply.charged == charged)
        #expect(reply.head["Settlement-Overrides"] == nil)
        try payer.settle(reply)
        #expect(try await shop.books(of: payer).charged == payer.charged)
        #expect(payer.charged.subtracting(before) == Amount(wire: charged))
        try payer.settle(await shop.get("/good", paying: payer.pay()))
    }

    @Test(arguments: ["/charge?-1", "/charge?0x1", "/charge?1.5", "/charge?101%25", "/charge?", "/garbled-charge"])
    func `is withheld when its price cannot be read`(path: String) async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let reply = try await shop.get(path, paying: payment)
        #expect(reply.status == 502)
        #expect(reply.code == "upstream.bad-override")
        #expect(reply.head["PAYMENT-RESPONSE"] == nil)
        try payer.settle(await shop.get("/good", paying: payment))
    }

    @Test func `may be free and open a channel all the same`() async throws {
        var payer = try await shop.payer()
        let reply = try await shop.get("/charge?0", paying: payer.pay())
        try payer.settle(reply)
        #expect(reply.settled?["amount"]?.stringValue == "\(payer.depositAmount)")
        let books = try await shop.books(of: payer)
        #expect(books.balance == payer.depositAmount)
        #expect(books.charged == .zero)
    }

    // MARK: - Messages

    @Test(arguments: [200, 201, 204, 206, 301, 302, 304])
    func `is the upstream's answer, whatever it is`(status: Int) async throws {
        var payer = try await shop.regular()
        let reply = try await shop.get("/status/\(status)", paying: payer.pay())
        #expect(reply.status == status)
        #expect(reply.text == ([204, 304].contains(status) ? "" : "This is what was asked for."))
        try payer.settle(reply)
    }

    @Test func `names no settlement but the gate's`() async throws {
        var payer = try await shop.regular()
        let reply = try await shop.get("/lies/200", paying: payer.pay())
        #expect(reply.head.headers.count { $0.name.uppercased() == "PAYMENT-RESPONSE" } == 1)
        #expect(reply.head["PAYMENT-REQUIRED"] == nil)
        #expect(reply.head["X-PAYMENT-RESPONSE"] == nil)
        try payer.settle(reply)
    }

    @Test func `was asked for in the payer's words, without the payment`() async throws {
        var payer = try await shop.regular()
        let reply = try await shop.client.send(
            "POST", "/echo?a=1&b=%20",
            [
                ("PAYMENT-SIGNATURE", try payer.pay().header), ("X-PAYMENT", "old"), ("X-Thing", "kept"),
                ("Settlement-Overrides", "{\"amount\":\"0\"}"), ("Connection", "X-Private, close"), ("X-Private", "no"),
                ("TE", "trailers"), ("X-Forwarded-For", "192.0.2.1"),
            ], body: Array("hello".utf8))
        #expect(reply.status == 200)
        try payer.settle(reply)
        #expect(reply.charged == "1000", "a payer cannot name its own price")
        let seen = reply.text
        #expect(seen.hasPrefix("POST /echo?a=1&b=%20 HTTP/1.1\n"))
        #expect(seen.hasSuffix("\n\nhello"))
        #expect(seen.contains("\nX-Thing: kept\n"))
        let lower = seen.lowercased()
        for name in ["payment-signature", "x-payment", "settlement-overrides", "x-private", "\nte:"] {
            #expect(!lower.contains(name), "\(name) reached the upstream")
        }
        #expect(lower.contains("x-forwarded-for: 127.0.0.1"))
        #expect(lower.contains("x-forwarded-proto: http\n"))
        #expect(lower.contains("x-forwarded-host: 127.0.0.1:\(shop.serve.port)"))
    }

    @Test func `may be asked for with a body in pieces`() async throws {
        var payer = try await shop.regular()
        let headers = [("PAYMENT-SIGNATURE", try payer.pay().header), ("Transfer-Encoding", "chunked")]
        let connection = try await shop.client.sent("POST", "/echo", headers)
        for piece in ["5\r\nhello\r\n", "1\r\n \r\n", "5\r\nworld\r\n", "0\r\n\r\n"] {
            try await connection.send(piece)
        }
        let reply = try await connection.reply()
        #expect(reply.text.hasSuffix("\n\nhello world"))
        try payer.settle(reply)
    }

    @Test func `is not asked for with a body that is too long`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let calls = shop.upstream.calls
        let reply = try await shop.client.send(
            "POST", "/echo", [("PAYMENT-SIGNATURE", payment.header)], body: [UInt8](repeating: 0x78, count: 1_000_001))
        #expect(reply.status == 413)
        #expect(reply.code == "request.too-long")
        #expect(reply.head["PAYMENT-RESPONSE"] == nil)
        #expect(shop.upstream.calls == calls)
        try payer.settle(await shop.get("/good", paying: payment))
    }

    @Test func `is not asked for with a body that turns out too long`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let calls = shop.upstream.calls
        let headers = [("PAYMENT-SIGNATURE", payment.header), ("Transfer-Encoding", "chunked")]
        let connection = try await shop.client.sent("POST", "/echo", headers)
        let piece = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
        // The answer may come, and the connection end, before all is sent.
        for _ in 0..<20 { try? await connection.send(piece) }
        if let reply = try? await connection.reply() { #expect(reply.status == 413) }
        #expect(shop.upstream.calls == calls, "a request that was cut short is none")
        try payer.settle(await shop.get("/good", paying: payment))
    }

    @Test func `comes in turn when much is asked for on one connection`() async throws {
        var payer = try await shop.regular()
        let header = ("PAYMENT-SIGNATURE", try payer.pay().header)
        let connection = try await shop.client.sent("GET", "/healthz")
        try await connection.send(
            shop.client.request("GET", "/slow/50", [header]) + shop.client.request("GET", "/unpaid"))
        let replies = try await connection.replies(3)
        #expect(replies.map(\.status) == [200, 200, 402])
        try payer.settle(replies[1])
    }

    @Test func `ends the connection when the payer says so`() async throws {
        var payer = try await shop.regular()
        let headers = [("PAYMENT-SIGNATURE", try payer.pay().header), ("Connection", "close")]
        let connection = try await shop.client.sent("GET", "/good", headers)
        try payer.settle(await connection.reply())
        #expect(try await connection.isEnded(within: .seconds(5)))
    }
}
