// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import HTTPTypes

@testable import FarthingHTTP402
@testable import FarthingX402

/// What is sold in these tests, and who asks for it.
enum Shop {
    static let network = Network(evm: 84_532)
    static let token = address(0xAB)
    static let payee = address(0xCD)
    static let payer = address(0xEF)

    /// `/weather` costs 1000, `/cities/*/weather` 700, and everything else is free.
    static func prices() throws -> PriceList {
        try PriceList([
            route("/weather", 1000, description: "The weather", mimeType: "application/json"),
            route("/cities/*/weather", 700),
            route("/files/**", 5000, methods: ["GET", "HEAD"]),
            route("/**", nil),
        ])
    }

    static func route(
        _ pattern: String, _ units: UInt128?, methods: Set<String>? = nil, description: String = "",
        mimeType: String = ""
    ) throws -> PriceList.Route {
        guard let pattern = PathPattern(pattern) else { throw BadSample(text: pattern) }
        return PriceList.Route(
            methods: methods, pattern: pattern, price: units.map { .upTo(Amount(units: $0)) } ?? .free,
            description: description, mimeType: mimeType)
    }

    static func offer(_ units: UInt128 = 1000, scheme: String = "batch-settlement") -> PaymentRequirements {
        PaymentRequirements(
            scheme: scheme, network: network, amount: Amount(units: units), asset: token, payTo: payee,
            maxTimeoutSeconds: 3600,
            extra: ["name": "USDC", "version": "2", "withdrawDelay": 900])
    }

    /// A payment that takes the offer as it was made.
    static func payment(
        for offer: PaymentRequirements = offer(), payload: JSON = ["type": "voucher"], identifier: String? = nil
    ) -> PaymentPayload {
        let extensions = identifier.map { id -> JSON in
            ["payment-identifier": ["info": ["required": false, "id": .string(id)]]]
        }
        return PaymentPayload(accepted: offer.json, payload: payload, extensions: extensions)
    }

    static func settled(_ charged: UInt128 = 1000) -> SettleResponse {
        SettleResponse(
            success: true, payer: payer, network: network, extra: ["chargedAmount": .string("\(charged)")])
    }

    static let unsettled = SettleResponse(
        success: false, errorReason: "insufficient_funds", payer: payer, network: network)

    /// The head of a request.
    static func request(
        _ path: String, method: HTTPRequest.Method = .get, host: String = "shop.test", _ headers: HTTPFields = [:]
    ) -> HTTPRequest {
        HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers)
    }

    private static func address(_ byte: UInt8) -> Address { Address([UInt8](repeating: byte, count: 20)) ?? .zero }

    struct BadSample: Error { let text: String }
}
