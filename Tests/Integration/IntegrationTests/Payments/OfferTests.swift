// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("A payment for another offer", .serialized, .timeLimit(.minutes(3)), .shop())
struct OfferTests {
    private let shop: Shop
    private static let elsewhere = "0x036CbD53842c5426634e7929541eC2318f3dCF70"

    init() throws { shop = try Shop.shared() }

    @Test(
        arguments: [
            ("accepted.scheme", "exact", "unsupported_scheme"),
            ("accepted.scheme", "Batch-Settlement", "unsupported_scheme"),
            ("accepted.scheme", "", "unsupported_scheme"),
            ("accepted.network", "eip155:8453", "invalid_network"),
            ("accepted.network", "base-sepolia", "invalid_network"),
            ("accepted.network", "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", "invalid_network"),
            ("accepted.asset", .string(elsewhere), "invalid_payment_requirements"),
            ("accepted.asset", "0x036cbd53842c5426634e7929541ec2318f3dcf7e", "invalid_payment_requirements"),
            ("accepted.payTo", .string(elsewhere), "invalid_payment_requirements"),
            ("accepted.maxTimeoutSeconds", 61, "invalid_payment_requirements"),
            ("accepted.maxTimeoutSeconds", "60", "invalid_payment_requirements"),
            ("accepted.extra.receiverAuthorizer", .string(elsewhere), "invalid_payment_requirements"),
            ("accepted.extra.withdrawDelay", 901, "invalid_payment_requirements"),
            ("accepted.extra.name", "USDD", "invalid_payment_requirements"),
            ("accepted.extra.version", "1", "invalid_payment_requirements"),
            ("accepted.extra.minDeposit", "1", "invalid_payment_requirements"),
            ("accepted.extra.minDeposit", nil, "invalid_payment_requirements"),
        ] as [(String, JSON?, String)])
    func `is not taken when the echo differs`(path: String, value: JSON?, code: String) async throws {
        let payment = try await shop.regular().voucher().changing(path, to: value)
        try await shop.expectRefusal(
            ExpectedRefusal(code: code, error: "No matching payment requirements"), of: payment)
    }

    @Test(
        arguments: [
            ("payTo", .string(elsewhere), "receiver_mismatch"),
            ("asset", .string(elsewhere), "token_mismatch"),
            ("extra.receiverAuthorizer", .string(elsewhere), "receiver_authorizer_mismatch"),
            ("extra.receiverAuthorizer", "0x0000000000000000000000000000000000000000", "receiver_authorizer_mismatch"),
            ("extra.withdrawDelay", 901, "withdraw_delay_mismatch"),
            ("extra.withdrawDelay", 0, "withdraw_delay_mismatch"),
        ] as [(String, JSON, String)])
    func `is not taken when the channel is for others`(path: String, value: JSON, rule: String) async throws {
        let offer = try await shop.offer()
        var payer = try #require(TestPayer(shop.wallet, offer: offer.changing(path, to: value)))
        let payment = try payer.pay().changing("accepted", to: offer)
        try await shop.expectRefusal(.invalid(rule), of: payment)
    }

    @Test func `is not taken when the channel is on another chain`() async throws {
        let offer = try await shop.offer()
        var payer = try #require(TestPayer(shop.wallet, offer: offer.changing("network", to: "eip155:8453")))
        let payment = try payer.pay().changing("accepted", to: offer)
        try await shop.expectRefusal(.invalid("channel_id_mismatch"), of: payment)
        let id = try await shop.payer().domain.channelID(of: payer.terms)
        try await shop.expectRefusal(
            .invalid("voucher_signature"),
            of: payment.changing("payload.voucher.channelId", to: "\(id)"))
    }

    @Test(arguments: [
        "payer", "payerAuthorizer", "receiver", "receiverAuthorizer", "token", "withdrawDelay", "salt",
    ])
    func `is not taken when the terms are not the channel's`(member: String) async throws {
        let payer = try await shop.regular()
        let value: JSON =
            switch member {
            case "withdrawDelay": 1000
            case "salt": .string(Hash32.random().hex)
            default: .string(Self.elsewhere)
            }
        try await shop.expectRefusal(
            .invalid("channel_id_mismatch"), of: payer.voucher().changing("payload.channelConfig.\(member)", to: value))
    }

    @Test(arguments: ["", "0x", "0x12", "channel"])
    func `is not taken when its channel is no channel`(id: String) async throws {
        let payment = try await shop.regular().voucher().changing("payload.voucher.channelId", to: .string(id))
        try await shop.expectRefusal(.invalid("channel_id_invalid"), of: payment)
    }

    @Test(arguments: ["claim", "settle", "Voucher", "", "x"])
    func `is not taken when its type is none of a payer's`(type: String) async throws {
        let payment = try await shop.regular().voucher().changing("payload.type", to: .string(type))
        try await shop.expectRefusal(.invalid("payload_type"), of: payment)
    }

    @Test func `is taken when the echo holds more than was offered`() async throws {
        var payer = try await shop.regular()
        let payment = try payer.pay().changing("accepted.extra.channelState", to: ["balance": "1"])
        try payer.settle(await shop.get("/good", paying: payment))
    }
}
