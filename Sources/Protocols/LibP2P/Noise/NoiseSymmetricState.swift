// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Crypto

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The hash of all that was said, and the key that all secrets were mixed into.
///
/// - Source: The Noise Protocol Framework, revision 34, section 5.2.
struct NoiseSymmetricState: Sendable {
    private(set) var hash: [UInt8]
    private(set) var chainingKey: [UInt8]
    private var cipher: NoiseCipher?

    init(prologue: [UInt8]) {
        // The name is exactly 32 bytes long, so it is its own hash.
        hash = Array("Noise_XX_25519_ChaChaPoly_SHA256".utf8)
        chainingKey = hash
        mixHash(prologue)
    }

    mutating func mixHash(_ data: some Collection<UInt8>) {
        hash = Array(SHA256.hash(data: hash + data))
    }

    mutating func mixKey(_ secret: [UInt8]) {
        let keys = Self.derive(chainingKey, secret)
        chainingKey = keys.first
        cipher = NoiseCipher(key: keys.second)
    }

    /// Ciphertext with a tag, or the text itself as long as there is no key.
    mutating func encryptAndHash(_ plaintext: [UInt8]) throws(NoiseError) -> [UInt8] {
        var output: [UInt8] = []
        if cipher == nil {
            output = plaintext
        } else {
            try cipher?.seal(plaintext[...], authenticating: hash, to: &output)
        }
        mixHash(output)
        return output
    }

    mutating func decryptAndHash(_ message: ArraySlice<UInt8>) throws(NoiseError) -> [UInt8] {
        var output: [UInt8] = []
        if cipher == nil {
            output = Array(message)
        } else {
            try cipher?.open(message, authenticating: hash, to: &output)
        }
        mixHash(message)
        return output
    }

    /// The keys of both directions: that of the initiator first.
    func split() -> (initiator: [UInt8], responder: [UInt8]) {
        let keys = Self.derive(chainingKey, [])
        return (keys.first, keys.second)
    }

    /// HKDF with two outputs, on HMAC-SHA256.
    private static func derive(_ chainingKey: [UInt8], _ material: [UInt8]) -> (first: [UInt8], second: [UInt8]) {
        let temporary = authenticate(material, by: chainingKey)
        let first = authenticate([1], by: temporary)
        return (first, authenticate(first + [2], by: temporary))
    }

    private static func authenticate(_ message: [UInt8], by key: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
    }
}
