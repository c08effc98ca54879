// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto
internal import CryptoExtras
internal import FarthingPrimitives

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension PeerPublicKey {
    /// Whether this key made `signature` over `message`, in the form that its kind signs in.
    ///
    /// Ed25519: RFC 8032, 64 bytes. The others sign the SHA-256 of the message: secp256k1 and ECDSA in DER, RSA by
    /// PKCS #1 version 1.5.
    public func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        switch kind {
        case .ed25519:
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
            return key.isValidSignature(signature, for: message)
        case .secp256k1:
            guard let key = PublicKey(bytes), let signature = DERSignature.decode(signature),
                let digest = Hash32(Array(SHA256.hash(data: message)))
            else { return false }
            return key.verifies(signature, over: digest)
        case .ecdsa:
            guard let key = try? P256.Signing.PublicKey(derRepresentation: bytes),
                let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: message)
        case .rsa:
            guard let key = try? _RSA.Signing.PublicKey(derRepresentation: bytes) else { return false }
            return key.isValidSignature(
                .init(rawRepresentation: signature), for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        }
    }

    /// Whether the bytes are a key of that kind, and the only way to write it.
    static func isValid(_ bytes: [UInt8], as kind: Kind) -> Bool {
        switch kind {
        case .ed25519:
            return (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil
        case .secp256k1:
            return bytes.count == 33 && PublicKey(bytes) != nil
        case .ecdsa:
            return (try? P256.Signing.PublicKey(derRepresentation: bytes)) != nil
        case .rsa:
            guard bytes.count <= longestMessage, let key = try? _RSA.Signing.PublicKey(derRepresentation: bytes) else {
                return false
            }
            return (2048...8192).contains(key.keySizeInBits)
        }
    }
}
