// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives

/// What a facilitator thinks of a payment.
///
/// - Source: x402 v2, facilitator API, the answer of `POST /verify`.
public struct VerifyResponse: Hashable, Sendable {
    public var isValid: Bool
    public var invalidReason: FacilitatorCode?
    public var invalidMessage: String?
    public var payer: Address?
    /// What belongs to the scheme alone; with `batch-settlement`, how the channel stands.
    public var extra: JSON?

    public init(
        isValid: Bool, invalidReason: FacilitatorCode? = nil, invalidMessage: String? = nil, payer: Address? = nil,
        extra: JSON? = nil
    ) {
        self.isValid = isValid
        self.invalidReason = invalidReason
        self.invalidMessage = invalidMessage
        self.payer = payer
        self.extra = extra
    }

    /// Reads an answer.
    ///
    /// - Returns: `nil` when it does not say whether the payment is valid.
    public init?(json: JSON) {
        guard let isValid = json["isValid"]?.boolValue else { return nil }
        self.init(
            isValid: isValid,
            invalidReason: json["invalidReason"]?.stringValue.map { FacilitatorCode(rawValue: String($0.prefix(128))) },
            invalidMessage: json["invalidMessage"]?.stringValue.map { String($0.prefix(512)) },
            payer: json["payer"]?.stringValue.flatMap(Address.init(hex:)), extra: json["extra"])
    }

    public var json: JSON {
        .object([
            "isValid": .bool(isValid),
            "invalidReason": invalidReason.map { .string($0.rawValue) },
            "invalidMessage": invalidMessage.map { .string($0) },
            "payer": payer.map { .string($0.checksummed) },
            "extra": extra,
        ])
    }
}
