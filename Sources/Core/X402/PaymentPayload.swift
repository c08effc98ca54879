// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// What a payer sends with a request: which offer it takes, and the payment itself.
///
/// Only the envelope is read here. What stands in ``payload`` is the scheme's business.
///
/// - Source: x402 v2, `PaymentPayload`, sent as base64 in the header `PAYMENT-SIGNATURE`.
public struct PaymentPayload: Hashable, Sendable {
    /// The offer that the payer takes, as it echoed it.
    public var accepted: JSON
    public var payload: JSON
    public var extensions: JSON?

    public init(accepted: JSON, payload: JSON, extensions: JSON? = nil) {
        self.accepted = accepted
        self.payload = payload
        self.extensions = extensions
    }

    /// The longest header that is read.
    ///
    /// - Unit: bytes of base64. The longest known payload, a Permit2 deposit, has 2,500.
    public static let maximumHeaderBytes = 64 * 1024

    /// Reads the header.
    ///
    /// - Throws: ``PaymentFault`` that says what about the header is wrong.
    public init(header: String) throws(PaymentFault) {
        try self.init(bytes: Self.bytes(ofHeader: header))
    }

    /// Undoes the header's base64.
    ///
    /// - Throws: ``PaymentFault/emptyHeader``, ``PaymentFault/headerTooLong(_:)`` or ``PaymentFault/notBase64(_:)``.
    public static func bytes(ofHeader header: String) throws(PaymentFault) -> [UInt8] {
        guard !header.isEmpty else { throw .emptyHeader }
        guard header.utf8.count <= maximumHeaderBytes else { throw .headerTooLong(header.utf8.count) }
        do { return try Base64.decode(header, maximumBytes: maximumHeaderBytes) } catch { throw .notBase64(error) }
    }

    /// Reads the JSON text.
    ///
    /// - Throws: ``PaymentFault`` that says what about it is wrong.
    public init(bytes: [UInt8]) throws(PaymentFault) {
        let json: JSON
        do { json = try JSON.parse(bytes) } catch { throw .notJSON(error) }
        try self.init(json: json)
    }

    /// Reads the object itself, as it stands in requests to a facilitator.
    ///
    /// - Throws: ``PaymentFault/member(_:)`` or ``PaymentFault/version(_:)``.
    public init(json: JSON) throws(PaymentFault) {
        guard json.members != nil else { throw .member("payment") }
        guard let version = json["x402Version"]?.integerValue else { throw .member("x402Version") }
        guard version == 2 else { throw .version(version) }
        guard let accepted = json["accepted"], accepted.members != nil else { throw .member("accepted") }
        guard let payload = json["payload"], payload.members != nil else { throw .member("payload") }
        if let extensions = json["extensions"], extensions.members == nil { throw .member("extensions") }
        self.init(accepted: accepted, payload: payload, extensions: json["extensions"])
    }

    public var json: JSON {
        .object(["x402Version": 2, "accepted": accepted, "payload": payload, "extensions": extensions])
    }

    /// The header's value.
    public var header: String { Base64.encode(json.bytes) }
}
