// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingX402
public import HTTPTypes

/// The headers of x402 v2 over HTTP.
extension HTTPField.Name {
    /// Server to client, with a 402: what it costs.
    public static let paymentRequired = name("PAYMENT-REQUIRED")
    /// Client to server: the payment.
    public static let paymentSignature = name("PAYMENT-SIGNATURE")
    /// Server to client: what came of the payment.
    public static let paymentResponse = name("PAYMENT-RESPONSE")
    /// Upstream to gate, and never further: what the request really cost.
    public static let settlementOverrides = name("Settlement-Overrides")

    /// Server to client, with an answer that costs nothing although a payment came: `0`.
    ///
    /// Only the gate says so. `PAYMENT-RESPONSE` is for payments that were settled, or failed in that.
    public static let paymentCharged = name(UnchargedAnswer.header)

    /// Both ways: the name of a metered stream.
    public static let paymentStream = name(StreamOffer.header)

    // Version 1 of the protocol, which is not spoken here, but must not reach an upstream either.
    static let paymentV1 = name("X-PAYMENT")
    static let paymentResponseV1 = name("X-PAYMENT-RESPONSE")

    private static func name(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is a valid field name") }
        return name
    }
}

extension HTTPResponse.Status {
    /// - Source: RFC 9110, section 15.5.3.
    public static let paymentRequired = HTTPResponse.Status(code: 402, reasonPhrase: "Payment Required")
}
