// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
public import FarthingPrimitives

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The key by which a host proves who it is.
///
/// Ed25519 unless there is a reason for secp256k1: an Ethereum key as identity ties the peer to the account.
///
/// - Source: libp2p specs, peer-ids/peer-ids.md, revision 2.
public struct PeerIdentity: Sendable {
    private enum Secret: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case secp256k1(Box)
    }

    /// Holds a key that cannot be copied, so that the identity can.
    private final class Box: Sendable {
        let key: PrivateKey
        init(_ key: consuming PrivateKey) { self.key = key }
    }

    private let secret: Secret
    public let publicKey: PeerPublicKey
    public let peerID: PeerID

    private init(_ secret: Secret) {
        self.secret = secret
        publicKey =
            switch secret {
            case .ed25519(let key): PeerPublicKey(unchecked: .ed25519, bytes: Array(key.publicKey.rawRepresentation))
            case .secp256k1(let box): PeerPublicKey(box.key.publicKey)
            }
        peerID = PeerID(publicKey)
    }

    /// A fresh Ed25519 key.
    public init() { self.init(.ed25519(Curve25519.Signing.PrivateKey())) }

    /// The Ed25519 key of a seed of 32 bytes.
    ///
    /// The caller wipes its own copy.
    public init(ed25519Seed seed: [UInt8]) throws(KeyError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { throw .badKey }
        self.init(.ed25519(key))
    }

    /// A key on secp256k1, such as that of an Ethereum account.
    public init(secp256k1 key: consuming PrivateKey) { self.init(.secp256k1(Box(key))) }

    /// Reads the protobuf `PrivateKey{1: Type, 2: Data}` of an Ed25519 or secp256k1 key.
    ///
    /// - Throws: ``KeyError/unsupportedType(_:)`` for RSA and ECDSA, with which nothing is signed here.
    public init(message: [UInt8]) throws(KeyError) {
        let fields = try PeerPublicKey.fields(of: message)
        switch PeerPublicKey.Kind(rawValue: fields.type) {
        case .ed25519:
            // seed ‖ public, and in old keys public once more.
            let data = fields.data
            guard data.count == 64 || (data.count == 96 && data[32..<64] == data[64..<96]) else { throw .badKey }
            try self.init(ed25519Seed: Array(data.prefix(32)))
            guard publicKey.bytes == Array(data[32..<64]) else { throw .badKey }
        case .secp256k1:
            guard let key = PrivateKey(fields.data) else { throw .badKey }
            self.init(secp256k1: key)
        case .rsa, .ecdsa, nil: throw .unsupportedType(fields.type)
        }
    }

    /// The protobuf `PrivateKey{1: Type, 2: Data}`, which is the secret itself.
    public var message: [UInt8] {
        var writer = ProtobufWriter()
        writer.add(1, publicKey.kind.rawValue)
        switch secret {
        case .ed25519(let key): writer.add(2, Array(key.rawRepresentation) + publicKey.bytes)
        case .secp256k1(let box): writer.add(2, box.key.withBytes { Array($0) })
        }
        return writer.bytes
    }

    /// Signs a message in the form that ``PeerPublicKey/verifies(_:over:)`` takes.
    public func sign(_ message: [UInt8]) throws(KeyError) -> [UInt8] {
        switch secret {
        case .ed25519(let key):
            guard let signature = try? key.signature(for: message) else { throw .badKey }
            return Array(signature)
        case .secp256k1(let box):
            guard let digest = Hash32(Array(SHA256.hash(data: message))) else { throw .badKey }
            let signature = box.key.sign(digest)
            return DERSignature.encode(r: signature.r, s: signature.s)
        }
    }
}
