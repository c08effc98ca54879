// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes
import Testing

@testable import FarthingHTTP402
@testable import FarthingX402

/// A payment header that nobody should get anything for.
struct BadPaymentHeader: CustomTestStringConvertible {
    let testDescription: String
    let values: [String]
    let code: String

    init(_ name: String, _ values: [String], code: String = "invalid_payload") {
        testDescription = name
        self.values = values
        self.code = code
    }

    /// A payment with one member changed; `nil` takes it out.
    init(_ name: String, _ member: String, _ value: JSON?, code: String = "invalid_payload") {
        let payment = Shop.payment().json
        let members = payment.members ?? []
        let changed = value.map { payment.adding(member, $0) } ?? .object(members.filter { $0.name != member })
        self.init(name, [Base64.encode(changed.bytes)], code: code)
    }

    /// A payment whose echo of the offer is changed.
    init(accepted member: String, _ value: JSON, code: String = "invalid_payment_requirements") {
        let accepted = Shop.offer().json.adding(member, value)
        self.init("accepted.\(member) is \(value)", "accepted", accepted, code: code)
    }

    static let all = encodings + envelopes + echoes

    private static let encodings = [
        BadPaymentHeader("empty", [""]),
        BadPaymentHeader("not base64", ["{\"x402Version\":2}"]),
        BadPaymentHeader("not ASCII", ["zażółć"]),
        BadPaymentHeader("the alphabet for URLs", [urlSafe]),
        BadPaymentHeader("without its padding", [unpadded]),
        BadPaymentHeader("with a space", [Shop.payment().header.replacing("e", with: "e ", maxReplacements: 1)]),
        BadPaymentHeader("not JSON", [Base64.encode(Array("payment".utf8))]),
        BadPaymentHeader("not UTF-8", [Base64.encode([0x22, 0xFF, 0x22])]),
        BadPaymentHeader("nested deeply", [Base64.encode([UInt8](repeating: UInt8(ascii: "["), count: 10_000))]),
        BadPaymentHeader("a name twice", [Base64.encode(Array(#"{"x402Version":2,"x402Version":2}"#.utf8))]),
        BadPaymentHeader("65 KiB", [String(repeating: "A", count: 65 * 1024)]),
        BadPaymentHeader("two of them", [Shop.payment().header, Shop.payment().header]),
        BadPaymentHeader("two as one", ["\(Shop.payment().header), \(Shop.payment().header)"]),
    ]

    private static let envelopes = [
        BadPaymentHeader("an array", [Base64.encode(Array("[2]".utf8))]),
        BadPaymentHeader("a string", [Base64.encode(Array("\"2\"".utf8))]),
        BadPaymentHeader("version 1", "x402Version", 1, code: "invalid_x402_version"),
        BadPaymentHeader("version 3", "x402Version", 3, code: "invalid_x402_version"),
        BadPaymentHeader("version as text", "x402Version", "2"),
        BadPaymentHeader("no version", "x402Version", nil),
        BadPaymentHeader("no accepted", "accepted", nil),
        BadPaymentHeader("accepted is an array", "accepted", [Shop.offer().json]),
        BadPaymentHeader("no payload", "payload", nil),
        BadPaymentHeader("payload is text", "payload", "0x00"),
        BadPaymentHeader("extensions is an array", "extensions", []),
        BadPaymentHeader("extensions is null", "extensions", .null),
    ]

    private static let echoes = [
        BadPaymentHeader("accepted is empty", "accepted", [:], code: "unsupported_scheme"),
        BadPaymentHeader(accepted: "scheme", "upto", code: "unsupported_scheme"),
        BadPaymentHeader(accepted: "network", "eip155:1", code: "invalid_network"),
        BadPaymentHeader(accepted: "amount", "1"),
        BadPaymentHeader(accepted: "asset", .string(Shop.payer.checksummed)),
        BadPaymentHeader(accepted: "asset", .string(Shop.token.hex)),
        BadPaymentHeader(accepted: "payTo", .string(Shop.payer.checksummed)),
        BadPaymentHeader(accepted: "maxTimeoutSeconds", 60),
        BadPaymentHeader(accepted: "extra", ["name": "USDC"]),
        BadPaymentHeader(
            "an extension echoed with other content", "extensions",
            ["payment-identifier": ["info": ["required": true, "id": "pay_0123456789abcdef"]]],
            code: "extension_echo_mismatch"),
        BadPaymentHeader(
            "an extension echoed without content", "extensions", ["payment-identifier": [:]],
            code: "extension_echo_mismatch"),
    ]

    /// A payment whose base64 holds characters that differ between the alphabets.
    private static var urlSafe: String {
        Shop.payment(payload: ["type": "???>>>~~~ÿÿÿ"]).header.replacing("+", with: "-").replacing("/", with: "_")
    }

    private static var unpadded: String {
        for length in 1...3 {
            let header = Shop.payment(payload: ["fill": .string(String(repeating: "a", count: length))]).header
            if header.hasSuffix("=") { return header.replacing("=", with: "") }
        }
        return ""
    }
}
