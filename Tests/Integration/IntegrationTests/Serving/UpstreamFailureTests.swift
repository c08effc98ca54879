// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite(
    "An upstream that fails", .serialized, .timeLimit(.minutes(10)),
    .shop("--upstream-timeout", "5", "--upstream-silence", "5"))
struct UpstreamFailureTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    /// Nothing is charged, nothing is said to be settled, and the same payment is as good as before.
    private func expectFree(
        _ path: String, status: Int, code: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for opened in [true, false] {
            var payer = try await opened ? shop.regular() : shop.payer()
            let payment = try payer.pay()
            let before = try await shop.books()[payer.channel]
            let reply = try await shop.get(path, paying: payment)
            #expect(reply.status == status, "\(reply.text)", sourceLocation: sourceLocation)
            #expect(reply.code == code, "\(reply.text)", sourceLocation: sourceLocation)
            for name in ["PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "Settlement-Overrides", "X-PAYMENT-RESPONSE"] {
                #expect(reply.head[name] == nil, sourceLocation: sourceLocation)
            }
            let after = try await shop.books()[payer.channel]
            #expect(after?.charged == before?.charged || after?.charged == .zero, sourceLocation: sourceLocation)
            #expect(after?.balance ?? .zero == before?.balance ?? .zero, sourceLocation: sourceLocation)
            let again = try await shop.get("/good", paying: payment)
            #expect(again.status == 200, "\(again.text)", sourceLocation: sourceLocation)
            #expect(again.charged == "1000", sourceLocation: sourceLocation)
            try payer.settle(again)
        }
    }

    @Test(arguments: [400, 401, 402, 403, 404, 410, 429, 500, 502, 503, 504, 599])
    func `with an answer of its own: it is passed on, and costs nothing`(status: Int) async throws {
        try await expectFree("/status/\(status)", status: status)
    }

    @Test func `and lies that it was paid: it costs nothing`() async throws {
        try await expectFree("/lies/500", status: 500)
    }

    @Test func `by hanging up: it costs nothing (evan.network 16: paid before the handler ran)`() async throws {
        try await expectFree("/dead", status: 502, code: "upstream.unreachable")
    }

    @Test func `by saying nothing: it costs nothing`() async throws {
        try await expectFree("/hang", status: 504, code: "upstream.timeout")
    }

    @Test func `in the middle of a short body: it costs nothing`() async throws {
        try await expectFree("/half", status: 502, code: "upstream.unreachable")
    }

    @Test func `by falling silent in a short body: it costs nothing`() async throws {
        let reply = try await shop.get("/silent", paying: shop.regular().voucher())
        #expect([502, 504].contains(reply.status))
        try await expectFree("/silent", status: reply.status, code: reply.code)
    }

    @Test(arguments: ["/half-long", "/half-chunked", "/silent-long"])
    func `in the middle of a long body: what was charged is credited`(path: String) async throws {
        var payer = try await shop.regular()
        let reply = try await shop.get(path, paying: payer.pay())
        #expect(reply.status == 200)
        #expect(reply.charged == "1000")
        #expect(!reply.isComplete, "nobody may take it for the whole")
        try payer.settle(reply)
        try #require(
            try await eventually(within: .seconds(60)) { try await shop.books(of: payer).credit == payer.price })
        // What it paid for and did not get pays for the next.
        let next = try await shop.get("/good", paying: payer.pay())
        #expect(next.status == 200)
        #expect(next.charged == "0")
        try payer.settle(next)
        let books = try await shop.books(of: payer)
        #expect(books.charged == Amount(units: 2000))
        #expect(books.credit == .zero)
        // And only for one.
        let last = try await shop.get("/good", paying: payer.pay())
        #expect(last.charged == "1000")
        try payer.settle(last)
    }

    @Test func `in the middle of a long body: what was charged is given back with the rest`() async throws {
        var payer = try await shop.regular()
        try payer.settle(await shop.get("/half-long", paying: payer.pay()))
        try #require(
            try await eventually(within: .seconds(60)) { try await shop.books(of: payer).credit == payer.price })
        let reply = try await shop.get("/refund", paying: payer.refund())
        #expect(reply.settled?["amount"] == "19000", "of 20000, one request was delivered")
        try await shop.expectSound()
    }
}

@Suite("An upstream that is away", .timeLimit(.minutes(10)))
struct AbsentUpstreamTests {
    @Test func `does not keep the gate from its work, and nothing is charged`() async throws {
        let upstream = try TestUpstream()
        upstream.stop()
        let shop = try await Shop(upstream: upstream)
        var payer = try await shop.payer()
        let payment = try payer.pay()
        let reply = try await shop.get("/good", paying: payment)
        #expect(reply.status == 502)
        #expect(reply.code == "upstream.unreachable")
        #expect(reply.head["PAYMENT-RESPONSE"] == nil && reply.head["PAYMENT-REQUIRED"] == nil)
        #expect(try await shop.books()[payer.channel]?.balance ?? .zero == .zero)
        let ready = try await shop.client.get("/readyz")
        #expect(ready.status == 503)
        #expect(ready.json?["ready"] == false)
        #expect(ready.json?["faults"]?.arrayValue?.count == 1)
        #expect(try await shop.client.get("/healthz").status == 200)
        #expect(shop.serve.child.errors.contains("The upstream cannot be reached"))

        // It comes back, and the same payment buys.
        let revived = try TestUpstream(port: upstream.port)
        try payer.settle(await shop.get("/good", paying: payment))
        #expect(revived.calls(of: "/good") == 1)
        #expect(
            try await eventually(within: .seconds(60)) { try await shop.client.get("/readyz").status == 200 })
        try await shop.close()
    }
}
