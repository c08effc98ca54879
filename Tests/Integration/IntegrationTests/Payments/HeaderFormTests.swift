// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("A payment header that cannot be read", .serialized, .timeLimit(.minutes(3)), .shop())
struct HeaderFormTests {
    private let shop: Shop

    init() throws { shop = try Shop.shared() }

    @Test func `is no header at all: the price is told`() async throws {
        try await shop.expectNothing {
            let reply = try await shop.client.get("/weather")
            shop.expect(ExpectedRefusal(code: "payment_required", error: "Payment required"), from: reply)
            #expect(reply.required?["x402Version"] == 2)
            #expect(reply.required?[path: "resource.url"]?.stringValue?.hasSuffix("/weather") == true)
            #expect(reply.offer?["amount"] == "1000")
            #expect(reply.offer?["payTo"]?.stringValue == Shop.receiver)
            #expect(reply.offer?["network"] == "eip155:84532")
            #expect(reply.head["Access-Control-Expose-Headers"]?.contains("PAYMENT-REQUIRED") == true)
            return reply
        }
    }

    @Test(arguments: [
        "", "   ", "e30", "e30==", "====", "!", "not base64 at all", "e30=e30=", "-_-_", "é",
    ])
    func `is no base64`(header: String) async throws {
        try await shop.expectRefusal(.invalidPayload, of: header)
    }

    @Test(arguments: [
        "", "hello", "nul", "{", "}", "{}}", "{\"a\":}", "{'a':1}", "\u{FEFF}{}", "[1,]", "\u{0}", "01", "NaN",
    ])
    func `is no JSON`(text: String) async throws {
        try await shop.expectRefusal(.invalidPayload, of: Base64.encode(Array(text.utf8)))
    }

    @Test func `is no text`() async throws {
        try await shop.expectRefusal(.invalidPayload, of: Base64.encode([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x7D]))
        try await shop.expectRefusal(.invalidPayload, of: Base64.encode([UInt8](repeating: 0, count: 40_000)))
    }

    @Test(arguments: [
        "[]", "{}", "7", "null", "true", "\"text\"", "{\"x402Version\":2}", "{\"x402Version\":\"2\"}",
        "{\"x402Version\":2.5}", "{\"x402Version\":2,\"accepted\":{}}",
        "{\"x402Version\":2,\"accepted\":[],\"payload\":{}}", "{\"x402Version\":2,\"accepted\":{},\"payload\":[]}",
        "{\"x402Version\":2,\"accepted\":{},\"payload\":{},\"extensions\":[]}",
    ])
    func `is no payment`(text: String) async throws {
        try await shop.expectRefusal(.invalidPayload, of: Base64.encode(Array(text.utf8)))
    }

    @Test(arguments: [0, 1, 3, -2, Int64.max])
    func `is of another version`(version: Int64) async throws {
        let payment = try await shop.regular().voucher().adding("x402Version", .integer(version))
        try await shop.expectRefusal(ExpectedRefusal(code: "invalid_x402_version"), of: payment)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":["], [100, 10_000])
    func `is deeply nested`(piece: String, count: Int) async throws {
        let count = min(count, 48_000 / piece.utf8.count)
        try await shop.expectRefusal(
            .invalidPayload, of: Base64.encode(Array(String(repeating: piece, count: count).utf8)))
    }

    @Test func `names a member twice`() async throws {
        let good = try await shop.regular().voucher().text
        for name in ["x402Version", "accepted", "payload", "maxClaimableAmount", "signature"] {
            let twice = good.replacing("\"\(name)\":", with: "\"\(name)\":1,\"\(name)\":")
            #expect(twice != good)
            try await shop.expectRefusal(.invalidPayload, of: Base64.encode(Array(twice.utf8)))
        }
    }

    @Test func `comes twice, even if both are good`() async throws {
        let good = try await shop.regular().voucher().header
        try await shop.expectNothing {
            let headers = [("PAYMENT-SIGNATURE", good), ("payment-signature", good)]
            let reply = try await shop.client.get("/refused", headers)
            shop.expect(.invalidPayload, from: reply)
            return reply
        }
    }

    @Test func `is longer than any payment`() async throws {
        let good = try await shop.regular().voucher()
        let long = good.adding("padding", .string(String(repeating: "x", count: 48_700))).header
        #expect((65_537...66_560).contains(long.utf8.count))
        try await shop.expectRefusal(.invalidPayload, of: long)
    }

    @Test(arguments: [70_000, 1_000_000])
    func `is longer than any header`(count: Int) async throws {
        try await shop.expectNothing {
            let reply = try? await shop.client.get(
                "/refused", [("PAYMENT-SIGNATURE", String(repeating: "A", count: count))])
            // Hanging up is an answer, too.
            if let reply { #expect([400, 402, 431].contains(reply.status)) }
            return reply
        }
    }

    @Test func `has a member of a wrong type, whichever it is`() async throws {
        var payer = try await shop.payer()
        let deposit = try payer.pay()
        let wrong: [JSON?] = [nil, .null, true, [], ["1"], .object([]), 7, -7, "", "seven"]
        try await shop.expectNothing {
            for path in deposit.leafPaths {
                for value in wrong {
                    let reply = try await shop.get("/refused", paying: deposit.changing(path, to: value))
                    #expect(reply.status == 402, "\(path): \(value?.text ?? "none")")
                    #expect(reply.head["PAYMENT-REQUIRED"] != nil && reply.head["PAYMENT-RESPONSE"] == nil)
                    #expect(Self.codes.contains(reply.code ?? ""), "\(path): \(value?.text ?? "none"): \(reply.text)")
                }
            }
            return nil
        }
        try payer.settle(await shop.get("/good", paying: deposit))
    }

    /// What a wrong type may be told as; which one depends on the member.
    private static let codes: Set<String> = [
        "invalid_payload", "invalid_x402_version", "unsupported_scheme", "invalid_network",
        "invalid_payment_requirements", "invalid_batch_settlement_evm_payload_type",
        "invalid_batch_settlement_evm_deposit_payload", "invalid_batch_settlement_evm_channel_id_invalid",
        "invalid_batch_settlement_evm_channel_id_mismatch",
        "invalid_batch_settlement_evm_erc3009_authorization_required",
    ]

    @Test func `may hold members that nobody knows`() async throws {
        var payer = try await shop.payer()
        var payment = try payer.pay()
        for place in [
            "", "accepted.", "accepted.extra.", "payload.", "payload.channelConfig.", "payload.voucher.",
            "payload.deposit.", "payload.deposit.authorization.",
            "payload.deposit.authorization.erc3009Authorization.", "extensions.",
        ] {
            // An offer with more members is still the offer.
            payment = payment.changing("\(place)somethingNew", to: ["a": [1, .null, "b"]])
        }
        let reply = try await shop.get("/good", paying: payment)
        #expect(reply.status == 200, "\(reply.text)")
        try payer.settle(reply)
        #expect(try await shop.books(of: payer).charged == payer.price)
    }
}
