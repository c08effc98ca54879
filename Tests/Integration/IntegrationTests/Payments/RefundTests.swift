// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A refund", .serialized, .timeLimit(.minutes(3)), .shop())
struct RefundTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    /// A refund that fails has been carried out as far as it went: PAYMENT-RESPONSE says so, and nothing is offered.
    private func expectFailure(_ rule: String, of payment: JSON) async throws {
        try await shop.expectNothing {
            let reply = try await shop.get("/refund", paying: payment)
            #expect(reply.status == 402)
            #expect(reply.head["PAYMENT-REQUIRED"] == nil)
            #expect(reply.settled?["success"] == false)
            #expect(reply.settled?["errorReason"]?.stringValue == "invalid_batch_settlement_evm_\(rule)")
            #expect(reply.code == "invalid_batch_settlement_evm_\(rule)")
            return reply
        }
    }

    @Test func `gives back what was not spent`() async throws {
        var payer = try await shop.regular()
        let calls = shop.upstream.calls
        let reply = try await shop.get("/refund", paying: payer.refund())
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.settled?["success"] == true)
        #expect(reply.settled?["amount"] == "19000")
        #expect(reply.json?["channelId"]?.stringValue == "\(payer.channel)")
        #expect(shop.upstream.calls == calls, "an order to the gate is none of the upstream's business")
        try payer.refunded(Amount(units: 19_000))
        let books = try await shop.books(of: payer)
        #expect(books.balance == payer.charged)
        #expect(books.captured == payer.charged)
        try await expectFailure("refund_no_balance", of: payer.refund())
        // The channel can be filled up and used again.
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        #expect(try await shop.books(of: payer).charged == Amount(units: 2000))
    }

    @Test func `gives back a part`() async throws {
        var payer = try await shop.regular()
        let reply = try await shop.get("/refund", paying: payer.refund("5000"))
        #expect(reply.settled?["amount"] == "5000")
        try payer.refunded(Amount(units: 5000))
        #expect(try await shop.books(of: payer).balance == Amount(units: 15_000))
        try payer.settle(await shop.get("/good", paying: payer.pay()))
    }

    @Test(arguments: ["0", "-1", "1.5", "0x10", "", "five", "340282366920938463463374607431768211456"])
    func `of no amount is refused`(amount: String) async throws {
        try await expectFailure("refund_amount_invalid", of: shop.regular().refund(amount))
    }

    @Test(arguments: ["19001", "340282366920938463463374607431768211455"])
    func `of more than is left is refused`(amount: String) async throws {
        try await expectFailure("refund_no_balance", of: shop.regular().refund(amount))
    }

    @Test func `is signed for what was charged, or it is refused (evan.network 13)`() async throws {
        let payer = try await shop.regular()
        for units: UInt128 in [0, 999, 1001, 2000] {
            let refund = payer.envelope(.refund(payer.terms, payer.sign(Amount(units: units)), amount: nil))
            try await shop.expectRefusal(.invalid("cumulative_amount_mismatch", corrects: true), of: refund)
        }
        let forged = payer.envelope(.refund(payer.terms, payer.sign(payer.charged, by: .init(.random())), amount: nil))
        try await shop.expectRefusal(.invalid("voucher_signature"), of: forged)
    }

    @Test func `asked for twenty times at once is given once`() async throws {
        let payer = try await shop.regular()
        let refund = payer.refund()
        let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
            for _ in 0..<20 { group.addTask { [shop] in try await shop.get("/refund", paying: refund) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(replies.count { $0.status == 200 } == 1)
        #expect(replies.allSatisfy { $0.status == 200 || $0.status == 402 })
        #expect(try await shop.books(of: payer).balance == payer.charged)
        try await shop.expectSound()
    }

    @Test func `waits for a request that is being answered`() async throws {
        var payer = try await shop.regular()
        let refund = payer.refund()
        let payment = try payer.pay()
        async let answer = shop.get("/held", paying: payment)
        try #require(try await eventually(within: .seconds(60)) { shop.upstream.calls(of: "/held") == 1 })
        try await expectBusy(refund)
        shop.upstream.letGo()
        try payer.settle(await answer)
        #expect(try await shop.books(of: payer).charged == payer.charged)
    }

    private func expectBusy(_ refund: JSON) async throws {
        let reply = try await shop.get("/refund", paying: refund)
        #expect(reply.status == 402)
        #expect(reply.code == "invalid_batch_settlement_evm_channel_busy")
    }
}
