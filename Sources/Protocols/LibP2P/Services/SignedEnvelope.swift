// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A payload with the key that signed it, bound to what it is meant for.
///
/// - Unit: protobuf `{1: PublicKey, 2: payload_type, 3: payload, 5: signature}`; the signature is over domain,
///   payload type and payload, each behind its length.
/// - Source: libp2p RFC 0002, signed envelopes.
public struct SignedEnvelope: Hashable, Sendable {
    public static let longest = 65_536

    public let publicKey: PeerPublicKey
    public let payloadType: [UInt8]
    public let payload: [UInt8]
    public let signature: [UInt8]

    public init(
        signing payload: [UInt8], of payloadType: [UInt8], domain: String, by identity: PeerIdentity
    ) throws(KeyError) {
        publicKey = identity.publicKey
        self.payloadType = payloadType
        self.payload = payload
        signature = try identity.sign(Self.signedBytes(domain, payloadType, payload))
    }

    /// Reads an envelope and checks its signature.
    ///
    /// - Throws: ``KeyError/badKey`` when the key did not sign it for this domain.
    public init(bytes: [UInt8], domain: String) throws(KeyError) {
        let keyMessage: [UInt8]
        do throws(WireError) {
            guard bytes.count <= Self.longest else { throw .tooLong(length: UInt64(bytes.count), limit: Self.longest) }
            let fields = try ProtobufMessage(bytes)
            payloadType = try fields.required(2)
            payload = try fields.required(3)
            signature = try fields.required(5)
            keyMessage = try fields.required(1)
        } catch { throw .wire(error) }
        publicKey = try PeerPublicKey(message: keyMessage)
        guard publicKey.verifies(signature, over: Self.signedBytes(domain, payloadType, payload)) else {
            throw .badKey
        }
    }

    public var bytes: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, publicKey.message)
        writer.add(2, payloadType)
        writer.add(3, payload)
        writer.add(5, signature)
        return writer.bytes
    }

    private static func signedBytes(_ domain: String, _ payloadType: [UInt8], _ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(prefixed: domain.utf8)
        bytes.append(prefixed: payloadType)
        bytes.append(prefixed: payload)
        return bytes
    }
}
