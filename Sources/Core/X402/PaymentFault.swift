// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings

/// Why a payment header was not even handed to its scheme.
public enum PaymentFault: ExplainedError {
    case emptyHeader
    case severalHeaders(Int)
    case headerTooLong(Int)
    case notBase64(Base64.DecodingError)
    case notJSON(JSON.ParseError)
    case version(Int64)
    /// Missing, or of the wrong type.
    case member(String)
    /// The echoed offer is none of ours; the member in which it differs from the nearest one.
    case noMatchingOffer(member: String)
    case extensionEcho(String)
    case identifierMalformed
    case identifierMissing
    case identifierReused

    /// - Source: x402 v2, "core error codes"; where it has none, our own.
    public var code: String {
        switch self {
        case .emptyHeader, .severalHeaders, .headerTooLong, .notBase64, .notJSON, .member: "invalid_payload"
        case .version: "invalid_x402_version"
        case .noMatchingOffer(let member):
            switch member {
            case "scheme": "unsupported_scheme"
            case "network": "invalid_network"
            default: "invalid_payment_requirements"
            }
        case .extensionEcho: "extension_echo_mismatch"
        case .identifierMalformed: "payment_identifier_malformed"
        case .identifierMissing: "payment_identifier_required"
        case .identifierReused: "payment_identifier_conflict"
        }
    }

    public var message: String {
        switch self {
        case .emptyHeader: "The PAYMENT-SIGNATURE header is empty."
        case .severalHeaders(let count): "There are \(count) PAYMENT-SIGNATURE headers; one is expected."
        case .headerTooLong(let count):
            "The PAYMENT-SIGNATURE header has \(count) bytes; \(PaymentPayload.maximumHeaderBytes) are read."
        case .notBase64(let error): "The PAYMENT-SIGNATURE header is not base64: \(error.message)"
        case .notJSON(let error): "The payment is not JSON: \(error.message)"
        case .version(let version): "The payment is of x402 version \(version); this server speaks version 2."
        case .member(let name): "The payment's '\(name)' is missing or of the wrong type."
        case .noMatchingOffer(let member): "The accepted offer is not one of those made here: its '\(member)' differs."
        case .extensionEcho(let name): "The payment echoes the extension '\(name)' with other content than was sent."
        case .identifierMalformed: "The payment identifier is not 16 to 128 letters, digits, '-' or '_'."
        case .identifierMissing: "This server asks for a payment identifier, and the payment carries none."
        case .identifierReused: "The payment identifier was used before with another payment."
        }
    }

    public var remedy: String? {
        switch self {
        case .emptyHeader, .severalHeaders, .headerTooLong, .notBase64, .notJSON, .member:
            "Send one header: base64 of the JSON object that x402 v2 calls PaymentPayload."
        case .version: "Use a client that speaks x402 version 2."
        case .noMatchingOffer: "Echo an entry of this answer's 'accepts' unchanged as 'accepted'."
        case .extensionEcho: "Echo the extension's info unchanged, or leave it out."
        case .identifierMalformed, .identifierMissing: "Draw a fresh identifier for each payment."
        case .identifierReused: "Send the same payment again, or draw a new identifier."
        }
    }
}
