// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// What a facilitator is sent: a payment, and what was asked for.
///
/// Neither is looked into here: which scheme it is decides how.
///
/// - Source: x402 v2, facilitator API, the body of `POST /verify` and `POST /settle`.
public struct FacilitatorRequest: Hashable, Sendable {
    public var payment: PaymentPayload
    /// `PaymentRequirements` as they were sent.
    public var requirements: JSON

    public init(payment: PaymentPayload, requirements: JSON) {
        self.payment = payment
        self.requirements = requirements
    }

    /// Wraps a payload that the payee sends by itself, with requirements that it echoes by itself.
    public init(payload: JSON, requirements: PaymentRequirements) {
        self.init(
            payment: PaymentPayload(accepted: requirements.json, payload: payload), requirements: requirements.json)
    }

    /// Reads a body.
    ///
    /// - Throws: ``PaymentFault/member(_:)`` or ``PaymentFault/version(_:)``.
    public init(json: JSON) throws(PaymentFault) {
        guard json.members != nil else { throw .member("body") }
        guard let payment = json["paymentPayload"], payment.members != nil else { throw .member("paymentPayload") }
        guard let requirements = json["paymentRequirements"], requirements.members != nil else {
            throw .member("paymentRequirements")
        }
        if let version = json["x402Version"] {
            guard let number = version.integerValue else { throw .member("x402Version") }
            guard number == 2 else { throw .version(number) }
        }
        self.init(payment: try PaymentPayload(json: payment), requirements: requirements)
    }

    public var json: JSON {
        ["x402Version": 2, "paymentPayload": payment.json, "paymentRequirements": requirements]
    }
}
