// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// What a 402 says: what is sold, and how it may be paid for.
///
/// - Source: x402 v2, `PaymentRequired`, sent as base64 in the header `PAYMENT-REQUIRED`.
public struct PaymentRequired: Hashable, Sendable {
    /// Text for people on the first 402, a code after a payment that failed.
    public var error: String?
    public var resource: Resource
    public var accepts: [PaymentRequirements]
    public var extensions: JSON?

    /// - Source: x402 v2, `ResourceInfo`.
    public struct Resource: Hashable, Sendable {
        public var url: String
        public var description: String
        public var mimeType: String

        public init(url: String, description: String = "", mimeType: String = "") {
            self.url = url
            self.description = description
            self.mimeType = mimeType
        }
    }

    public init(error: String?, resource: Resource, accepts: [PaymentRequirements], extensions: JSON? = nil) {
        self.error = error
        self.resource = resource
        self.accepts = accepts
        self.extensions = extensions
    }

    public var json: JSON {
        .object([
            "x402Version": 2,
            "error": error.map { .string($0) },
            "resource": [
                "url": .string(resource.url), "description": .string(resource.description),
                "mimeType": .string(resource.mimeType),
            ],
            "accepts": .array(accepts.map(\.json)),
            "extensions": extensions,
        ])
    }
}
