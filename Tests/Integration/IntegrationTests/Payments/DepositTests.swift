// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import Testing

@Suite("A deposit", .serialized, .timeLimit(.minutes(3)), .shop())
struct DepositTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    private var now: UInt64 { UInt64(Date().timeIntervalSince1970) }

    private func payment(_ payer: TestPayer, _ deposit: UnverifiedDeposit) -> JSON {
        payer.envelope(.deposit(payer.terms, payer.sign(payer.charged.adding(payer.price) ?? .max), deposit))
    }

    @Test func `opens a channel, and the answer tells of it`() async throws {
        var payer = try await shop.payer()
        let reply = try await shop.get("/good", paying: payer.pay())
        try payer.settle(reply)
        #expect(reply.settled?["success"] == true)
        #expect(reply.settled?["amount"]?.stringValue == "\(payer.depositAmount)")
        #expect(reply.settled?["transaction"]?.stringValue?.hasPrefix("0x") == true)
        #expect(reply.settled?["payer"]?.stringValue == shop.wallet.address.checksummed)
        #expect(reply.charged == "1000")
        #expect(reply.settled?[path: "extra.channelState.balance"]?.stringValue == "\(payer.depositAmount)")
        #expect(reply.settled?[path: "extra.channelState.chargedCumulativeAmount"] == "1000")
        #expect(reply.head["PAYMENT-REQUIRED"] == nil)
        #expect(reply.head["Cache-Control"]?.contains("private") == true)
        let books = try await shop.books(of: payer)
        #expect(books.balance == payer.depositAmount)
        #expect(books.charged == payer.price)
        #expect(books.isIdle)
    }

    @Test func `that was used is not used again`() async throws {
        var payer = try await shop.payer()
        let deposit = payer.authorize(payer.depositAmount)
        let first = payment(payer, deposit)
        _ = try payer.pay()
        try payer.settle(await shop.get("/good", paying: first))
        // Neither as it was, which tells the payer that it missed an answer, nor with a voucher that would be right.
        try await shop.expectRefusal(.invalid("cumulative_amount_mismatch", corrects: true), of: first)
        try await shop.expectRefusal(.invalid("deposit_simulation_failed"), of: payment(payer, deposit))
        try payer.settle(await shop.get("/good", paying: payer.pay()))
    }

    @Test(arguments: [0, 1, 1_700_000_000])
    func `that has expired is refused`(validBefore: UInt64) async throws {
        let payer = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("payload_authorization_valid_before"),
            of: payment(payer, payer.authorize(payer.depositAmount, validBefore: validBefore)))
    }

    @Test func `that is about to expire is refused`() async throws {
        let payer = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("payload_authorization_valid_before"),
            of: payment(payer, payer.authorize(payer.depositAmount, validBefore: now + 3)))
    }

    @Test(arguments: [60, 1 << 40])
    func `that is not valid yet is refused`(seconds: UInt64) async throws {
        let payer = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("payload_authorization_valid_after"),
            of: payment(
                payer, payer.authorize(payer.depositAmount, validAfter: now + seconds, validBefore: now + seconds * 2)))
    }

    @Test func `of more than the payer has is refused`() async throws {
        let rich = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("insufficient_balance"), of: payment(rich, rich.authorize(Amount(units: 1 << 62))))
        let poor = try await shop.payer(key: .init(.random()))
        try await shop.expectRefusal(.invalid("insufficient_balance"), of: payment(poor, poor.authorize(poor.price)))
    }

    @Test func `that does not cover the voucher is refused`() async throws {
        let payer = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("cumulative_exceeds_balance"), of: payment(payer, payer.authorize(Amount(units: 999))))
    }

    @Test func `of nothing is refused`() async throws {
        let payer = try await shop.payer()
        try await shop.expectNothing {
            let reply = try await shop.get("/refused", paying: payment(payer, payer.authorize(.zero)))
            #expect(reply.status == 402)
            #expect(reply.code?.hasPrefix("invalid_batch_settlement_evm_") == true)
            return reply
        }
    }

    @Test func `without an EIP-3009 authorisation is refused`() async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay()
        for authorization in [[:], ["permit2Authorization": ["from": "0x"]]] as [JSON] {
            try await shop.expectRefusal(
                .invalid("erc3009_authorization_required"),
                of: payment.changing("payload.deposit.authorization", to: authorization))
        }
    }

    @Test func `of somebody else's money is refused`() async throws {
        let payer = try await shop.payer(key: .init(.random()))
        var deposit = payer.authorize(payer.depositAmount)
        let digest = payer.domain.depositDigest(
            token: TestPayer.token, payer: shop.wallet.address, amount: deposit.amount, validAfter: deposit.validAfter,
            validBefore: deposit.validBefore,
            nonce: SettlementDomain.depositNonce(channel: payer.channel, salt: deposit.salt))
        deposit.signature = payer.key.signNow(digest).bytes
        try await shop.expectRefusal(.invalid("receive_authorization_signature"), of: payment(payer, deposit))
    }

    @Test func `is not made when the upstream fails`() async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay()
        let reply = try await shop.get("/status/500", paying: payment)
        #expect(reply.status == 500)
        #expect(reply.head["PAYMENT-RESPONSE"] == nil)
        #expect(try await shop.books()[payer.channel]?.balance ?? .zero == .zero)
        // The same payment is as good as before.
        try payer.settle(await shop.get("/good", paying: payment))
        #expect(try await shop.books(of: payer).balance == payer.depositAmount)
    }
}

@Suite(
    "A node that asks for more", .serialized, .timeLimit(.minutes(3)),
    .shop("--min-deposit", "5000", "--enforce-min-deposit", "--require-payment-identifier", "--price", "$0.001"))
struct DemandingNodeTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    private func identified(_ payment: JSON) -> JSON {
        payment.adding("extensions", ["payment-identifier": ["info": ["required": true, "id": .string(.identifier)]]])
    }

    @Test func `refuses deposits that are too small`() async throws {
        var payer = try await shop.payer()
        #expect(payer.price == Amount(units: 1000))
        #expect(payer.offer[path: "extra.minDeposit"] == "5000")
        payer.depositAmount = Amount(units: 4999)
        let reply = try await shop.get("/refused", paying: identified(payer.pay()))
        shop.expect(.invalid("deposit_below_min_deposit"), from: reply)
        #expect(shop.upstream.calls(of: "/refused") == 0)
        #expect(try await shop.books()[payer.channel] == nil)
    }

    @Test func `refuses payments without an identifier`() async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay()
        let reply = try await shop.get("/refused", paying: payment)
        shop.expect(ExpectedRefusal(status: 400, code: "payment_identifier_required"), from: reply)
        try payer.settle(await shop.get("/good", paying: identified(payment)))
        #expect(try await shop.client.get("/").required?[path: "extensions.payment-identifier.info.required"] == true)
    }
}
