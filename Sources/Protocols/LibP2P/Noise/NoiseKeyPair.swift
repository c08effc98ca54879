// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// A key pair on Curve25519: one for each connection, and one more for each handshake, never stored.
public struct NoiseKeyPair: Sendable {
    private let key: Curve25519.KeyAgreement.PrivateKey
    let publicKey: [UInt8]

    /// A fresh pair.
    public init() { self.init(Curve25519.KeyAgreement.PrivateKey()) }

    /// The pair of a secret of 32 bytes, for known vectors only; `nil` for another length.
    public init?(secret: [UInt8]) {
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: secret) else { return nil }
        self.init(key)
    }

    private init(_ key: Curve25519.KeyAgreement.PrivateKey) {
        self.key = key
        publicKey = Array(key.publicKey.rawRepresentation)
    }

    /// X25519 with a public key of the peer.
    ///
    /// - Throws: ``NoiseError/zeroSecret`` for points of small order, which would make the secret known to all.
    func agree(with point: [UInt8]) throws(NoiseError) -> [UInt8] {
        guard let peer = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: point),
            let secret = try? key.sharedSecretFromKeyAgreement(with: peer)
        else { throw .zeroSecret }
        let bytes = secret.withUnsafeBytes { Array($0) }
        guard bytes.contains(where: { $0 != 0 }) else { throw .zeroSecret }
        return bytes
    }
}
