// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The public key of a peer, of any of the four types of libp2p.
///
/// - Source: libp2p specs, peer-ids/peer-ids.md, revision 2.
public struct PeerPublicKey: Hashable, Sendable {
    public enum Kind: UInt64, Hashable, Sendable {
        case rsa = 0
        case ed25519 = 1
        case secp256k1 = 2
        case ecdsa = 3
    }

    /// How long the message of a key may be that is read; RSA with 8192 bits fits.
    public static let longestMessage = 2048

    public let kind: Kind
    /// Ed25519: 32 bytes; secp256k1: 33, compressed; ECDSA and RSA: a DER SubjectPublicKeyInfo.
    public let bytes: [UInt8]

    /// Takes the bytes of a key, in the form that its kind has.
    ///
    /// - Throws: ``KeyError/badKey`` for a point that is not on the curve, or an RSA key of under 2048 bits.
    public init(kind: Kind, bytes: [UInt8]) throws(KeyError) {
        guard Self.isValid(bytes, as: kind) else { throw .badKey }
        self.kind = kind
        self.bytes = bytes
    }

    /// A key on secp256k1, such as that of an Ethereum account.
    public init(_ key: PublicKey) {
        kind = .secp256k1
        bytes = key.compressed
    }

    /// Only for keys that were made here.
    init(unchecked kind: Kind, bytes: [UInt8]) {
        self.kind = kind
        self.bytes = bytes
    }

    /// Reads the protobuf `PublicKey{1: Type, 2: Data}`.
    public init(message: [UInt8]) throws(KeyError) {
        guard message.count <= Self.longestMessage else {
            throw .wire(.tooLong(length: UInt64(message.count), limit: Self.longestMessage))
        }
        let fields = try Self.fields(of: message)
        let type = fields.type
        guard let kind = Kind(rawValue: type) else { throw .unsupportedType(type) }
        self.kind = kind
        bytes = fields.data
        guard Self.isValid(bytes, as: kind) else { throw .badKey }
    }

    /// The protobuf `PublicKey{1: Type, 2: Data}`, always the same bytes for the same key.
    public var message: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, kind.rawValue)
        writer.add(2, bytes)
        return writer.bytes
    }

    public var peerID: PeerID { PeerID(self) }

    /// Type and data of a key's message, public or private.
    static func fields(of message: [UInt8]) throws(KeyError) -> (type: UInt64, data: [UInt8]) {
        do throws(WireError) {
            let fields = try ProtobufMessage(message)
            // Some leave out a type of zero, which is RSA, although the field must always be there.
            return (fields.number(1) ?? 0, try fields.required(2))
        } catch { throw .wire(error) }
    }

    /// The key on the curve, when it is of the kind ``Kind/secp256k1``.
    public var secp256k1: PublicKey? { kind == .secp256k1 ? PublicKey(bytes) : nil }
}
