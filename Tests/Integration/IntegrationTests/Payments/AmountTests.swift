// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

@Suite("An amount that is none", .serialized, .timeLimit(.minutes(3)), .shop())
struct AmountTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    private static let twoTo128 = "340282366920938463463374607431768211456"

    static let wrong: [JSON] = [
        "-1", "-1000", "+2000", "0x7d0", "7d0", "2000.0", "2e3", "2 000", "2,000", " 2000", "2000 ", "02000", "٢٠٠٠",
        "",
        .string(twoTo128), .string(twoTo128 + "000"), .string(String(repeating: "9", count: 5000)), 2000, -1, 0,
    ]

    @Test(arguments: wrong)
    func `is refused in the offer`(amount: JSON) async throws {
        let payment = try await shop.regular().voucher().changing("accepted.amount", to: amount)
        try await shop.expectRefusal(
            ExpectedRefusal(code: "invalid_payment_requirements", error: "No matching payment requirements"),
            of: payment)
    }

    @Test(arguments: wrong)
    func `is refused in a voucher`(amount: JSON) async throws {
        let payment = try await shop.regular().voucher().changing("payload.voucher.maxClaimableAmount", to: amount)
        try await shop.expectRefusal(.invalid("voucher_payload"), of: payment)
    }

    @Test(arguments: wrong)
    func `is refused in a deposit`(amount: JSON) async throws {
        var payer = try await shop.payer()
        let payment = try payer.pay().changing("payload.deposit.amount", to: amount)
        try await shop.expectRefusal(.invalid("deposit_payload"), of: payment)
    }

    @Test(arguments: ["-1", "0x0", "1.5", "18446744073709551616", .string(twoTo128)] as [JSON])
    func `is refused as a time`(time: JSON) async throws {
        var payer = try await shop.payer()
        let deposit = try payer.pay()
        for name in ["validAfter", "validBefore"] {
            try await shop.expectRefusal(
                .invalid("deposit_payload"),
                of: deposit.changing("payload.deposit.authorization.erc3009Authorization.\(name)", to: time))
        }
    }

    @Test func `is the highest there is: nobody has that much`() async throws {
        let payer = try await shop.regular()
        try await shop.expectRefusal(
            .invalid("cumulative_amount_mismatch", corrects: true),
            of: payer.envelope(.voucher(payer.terms, payer.sign(.max))))
        let stranger = try await shop.payer()
        try await shop.expectRefusal(
            .invalid("insufficient_balance"),
            of: stranger.envelope(
                .deposit(stranger.terms, stranger.sign(stranger.price), stranger.authorize(.max))))
    }

    @Test func `is the price in other units`() async throws {
        let payer = try await shop.regular()
        for amount in ["999", "1001", "1", "100000000"] {
            try await shop.expectRefusal(
                ExpectedRefusal(code: "invalid_payment_requirements", error: "No matching payment requirements"),
                of: payer.voucher().changing("accepted.amount", to: .string(amount)))
        }
    }
}
