// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("A payment with an identifier", .serialized, .timeLimit(.minutes(3)), .shop())
struct IdentifierTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    private func identified(_ payment: JSON, _ id: JSON) -> JSON {
        payment.adding("extensions", ["payment-identifier": ["info": ["required": false, "id": id]]])
    }

    @Test func `gets the same answer twice, and is charged once`() async throws {
        var payer = try await shop.regular()
        let payment = identified(try payer.pay(), .string(.identifier))
        let first = try await shop.get("/twice", paying: payment)
        try payer.settle(first)
        for _ in 0..<3 {
            let again = try await shop.get("/twice", paying: payment)
            #expect(again.status == 200)
            #expect(again.body == first.body)
            #expect(again.settled == first.settled)
            #expect(again.head["PAYMENT-REQUIRED"] == nil)
        }
        #expect(shop.upstream.calls(of: "/twice") == 1)
        #expect(try await shop.books(of: payer).charged == payer.charged)
        try payer.settle(await shop.get("/good", paying: payer.pay()))
    }

    @Test func `gets the same answer also when it opened the channel`() async throws {
        var payer = try await shop.payer()
        let payment = identified(try payer.pay(), .string(.identifier))
        let first = try await shop.get("/opened", paying: payment)
        try payer.settle(first)
        let again = try await shop.get("/opened", paying: payment)
        #expect(again.settled == first.settled)
        #expect(shop.upstream.calls(of: "/opened") == 1)
        #expect(try await shop.books(of: payer).balance == payer.depositAmount)
    }

    @Test func `conflicts with another payment or another request under its identifier`() async throws {
        var payer = try await shop.regular()
        let id = JSON.string(.identifier)
        let payment = identified(try payer.pay(), id)
        try payer.settle(await shop.get("/first", paying: payment))
        let conflict = ExpectedRefusal(status: 409, code: "payment_identifier_conflict")
        try await shop.expectRefusal(conflict, of: identified(payer.voucher(), id))
        try await shop.expectRefusal(conflict, of: payment, at: "/other")
        try await shop.expectRefusal(conflict, of: payment, at: "/first?more")
        try await shop.expectNothing {
            let reply = try await shop.client.send("DELETE", "/first", [("PAYMENT-SIGNATURE", payment.header)])
            shop.expect(conflict, from: reply)
            return reply
        }
        let other = try await shop.regular()
        try await shop.expectRefusal(conflict, of: identified(other.voucher(), id), at: "/first")
    }

    @Test(
        arguments: [
            "", "short", "fifteen_letters", "with a space in it", "with.a.dot.in.it.x", "ümläut-ümläut-ümläut", 12,
            true,
            .null, [], .string(String(repeating: "x", count: 129)),
        ] as [JSON])
    func `is refused when its identifier is malformed`(id: JSON) async throws {
        let payment = identified(try await shop.regular().voucher(), id)
        try await shop.expectRefusal(ExpectedRefusal(status: 400, code: "payment_identifier_malformed"), of: payment)
    }

    @Test(arguments: [16, 128])
    func `may have an identifier of any length that is allowed`(count: Int) async throws {
        var payer = try await shop.regular()
        let id = String((String.identifier + String(repeating: "-_9Z", count: 32)).prefix(count))
        try payer.settle(await shop.get("/good", paying: identified(payer.pay(), .string(id))))
    }

    @Test func `is worked on once when it comes fifty times at once`() async throws {
        var payer = try await shop.regular()
        let payment = identified(try payer.pay(), .string(.identifier))
        let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
            for _ in 0..<50 { group.addTask { [shop] in try await shop.get("/slow/100", paying: payment) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let served = replies.filter { $0.status == 200 }
        #expect(!served.isEmpty)
        #expect(served.allSatisfy { $0.settled == served.first?.settled })
        for reply in replies where reply.status != 200 {
            shop.expect(ExpectedRefusal(status: 409, code: "payment_identifier_in_progress"), from: reply)
        }
        #expect(shop.upstream.calls(of: "/slow/100") == 1)
        try payer.settle(try #require(served.first))
        #expect(try await shop.books(of: payer).charged == payer.charged)
    }

    @Test func `may be sent again after a failure, which is not kept`() async throws {
        var payer = try await shop.regular()
        let payment = identified(try payer.pay(), .string(.identifier))
        for _ in 0..<2 { #expect(try await shop.get("/status/503", paying: payment).status == 503) }
        #expect(shop.upstream.calls(of: "/status/503") == 2)
        let books = try await shop.books(of: payer)
        #expect(books.charged == payer.charged)
        // A refused payment does not use its identifier up either.
        let id = String.identifier
        let wrong = identified(payer.voucher(adding: 1), .string(id))
        #expect(try await shop.get("/status/200", paying: wrong).status == 402)
        try payer.settle(await shop.get("/status/200", paying: identified(payer.voucher(), .string(id))))
    }

    @Test func `gets no second copy of a long answer, nor pays for it again`() async throws {
        var payer = try await shop.regular()
        let payment = identified(try payer.pay(), .string(.identifier))
        let first = try await shop.get("/big/200000", paying: payment)
        try payer.settle(first)
        #expect(first.bodyBytes == 200_000)
        try await shop.expectRefusal(
            ExpectedRefusal(status: 409, code: "payment_identifier_answer_not_kept"), of: payment, at: "/big/200000")
        #expect(try await shop.books(of: payer).charged == payer.charged)
    }

    @Test func `must echo the extension as it was declared`() async throws {
        let payment = try await shop.regular().voucher()
        let echo: JSON = ["payment-identifier": ["info": ["required": true, "id": .string(.identifier)]]]
        try await shop.expectNothing {
            let reply = try await shop.get("/refused", paying: payment.adding("extensions", echo))
            #expect(reply.code == "extension_echo_mismatch")
            return reply
        }
    }
}

extension String {
    /// A new identifier for a payment.
    static var identifier: String { "id-" + Hash32.random().hex.dropFirst(2) }
}
