// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("A voucher for the wrong sum", .serialized, .timeLimit(.minutes(3)), .shop())
struct VoucherTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    /// A corrective 402 shows a payer that lost its books how they stand, with its own signature as a proof.
    private func expectCorrection(_ payment: JSON, for payer: TestPayer) async throws {
        try await shop.expectNothing {
            let reply = try await shop.get("/refused", paying: payment)
            shop.expect(.invalid("cumulative_amount_mismatch", corrects: true), from: reply)
            let extra = reply.offer?["extra"]
            #expect(extra?[path: "channelState.channelId"]?.stringValue == "\(payer.channel)")
            #expect(extra?[path: "channelState.chargedCumulativeAmount"]?.stringValue == "\(payer.charged)")
            #expect(extra?[path: "channelState.balance"]?.stringValue == "\(payer.depositAmount)")
            #expect(extra?[path: "voucherState.signedMaxClaimable"]?.stringValue == "\(payer.charged)")
            #expect(
                extra?[path: "voucherState.signature"]?.stringValue == Hex.encode(payer.sign(payer.charged).signature))
            return nil
        }
    }

    @Test func `is a replay`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        try payer.settle(await shop.get("/good", paying: payment))
        try await expectCorrection(payment, for: payer)
    }

    @Test(arguments: [0, 1, 999, 1001, 2000, 1_000_000_000])
    func `is too low or too high`(units: UInt128) async throws {
        let payer = try await shop.regular()
        try await expectCorrection(payer.voucher(adding: units), for: payer)
    }

    @Test func `is corrected, and the payer goes on from there`() async throws {
        var payer = try await shop.regular()
        var forgetful = payer
        for _ in 0..<3 { try payer.settle(await shop.get("/good", paying: payer.pay())) }
        let reply = try await shop.get("/good", paying: forgetful.pay())
        #expect(reply.status == 402)
        let state = try #require(reply.offer?[path: "extra.channelState"])
        let charged = try #require(state["chargedCumulativeAmount"]?.stringValue.flatMap(Amount.init(wire:)))
        try forgetful.adopt(charged: charged, balance: payer.books.balance)
        try forgetful.settle(await shop.get("/good", paying: forgetful.pay()))
        #expect(try await shop.books(of: payer).charged == Amount(units: 5000))
    }

    @Test func `goes above what was deposited`() async throws {
        var payer = try await shop.payer()
        payer.depositAmount = Amount(units: 1500)
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        try await shop.expectRefusal(.invalid("cumulative_exceeds_balance", corrects: true), of: payer.voucher())
        // A top-up mends it.
        try payer.settle(await shop.get("/good", paying: payer.pay()))
        #expect(payer.books.balance == Amount(units: 3000))
    }

    @Test func `is for a channel in which nothing lies`() async throws {
        let payer = try await shop.payer()
        try await shop.expectRefusal(.invalid("channel_not_found"), of: payer.voucher())
    }

    @Test func `is told to nobody who cannot sign for the channel`() async throws {
        let payer = try await shop.regular()
        let voucher = payer.sign(payer.price, by: .init(.random()))
        // Refused for its signature, not corrected: the books are the payer's own affair.
        try await shop.expectRefusal(.invalid("voucher_signature"), of: payer.envelope(.voucher(payer.terms, voucher)))
    }

    // MARK: - At the same time

    @Test func `comes fifty times at once, and is served once`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay()
        let calls = shop.upstream.calls
        let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
            for _ in 0..<50 { group.addTask { [shop] in try await shop.get("/slow/50", paying: payment) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let served = replies.filter { $0.status == 200 }
        #expect(served.count == 1)
        #expect(shop.upstream.calls == calls + 1)
        for reply in replies where reply.status != 200 {
            #expect(reply.status == 402)
            #expect(reply.head["PAYMENT-REQUIRED"] != nil && reply.head["PAYMENT-RESPONSE"] == nil)
            let rule = reply.code?.replacing("invalid_batch_settlement_evm_", with: "")
            #expect(rule == "channel_busy" || rule == "cumulative_amount_mismatch", "\(reply.text)")
        }
        try payer.settle(try #require(served.first))
        #expect(try await shop.books(of: payer).charged == Amount(units: 2000))
        try await shop.expectService()
    }

    @Test func `opens a channel fifty times at once, and deposits once`() async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay()
        let replies = try await withThrowingTaskGroup(of: HTTPReply.self) { group in
            for _ in 0..<50 { group.addTask { [shop] in try await shop.get("/slow/50", paying: payment) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let served = replies.filter { $0.status == 200 }
        #expect(served.count == 1)
        #expect(replies.count { $0.status == 402 } == 49)
        try payer.settle(try #require(served.first))
        let books = try await shop.books(of: payer)
        #expect(books.balance == payer.depositAmount)
        #expect(books.charged == payer.price)
        try await shop.expectService()
    }

    @Test func `comes from thirty payers at once, and all are served`() async throws {
        let payers = try await withThrowingTaskGroup(of: TestPayer.self) { group in
            for _ in 0..<30 {
                group.addTask { [shop] in
                    var payer = try await shop.payer()
                    for _ in 0..<3 { try payer.settle(await shop.get("/slow/10", paying: payer.pay())) }
                    return payer
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let books = try await shop.books()
        for payer in payers { #expect(books[payer.channel]?.charged == Amount(units: 3000)) }
    }
}
