// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Crypto
import CryptoExtras
public import FarthingEncodings

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Signatures, secrets and slow hashes, in the forms of GUN's "Security, Encryption, Authorization".
///
/// A text that is JSON, or `SEA` and a JSON object, always counts as what it says and not as a text: signing `"123"`
/// signs the number. Put whatever must stay a text into an object.
public enum SEA {
    /// What a text means: its JSON, if it is any.
    ///
    /// - Source: GUN SEA, `SEA.opt.parse`.
    public static func meaning(_ value: JSON) -> JSON {
        guard case .string(let text) = value else { return value }
        return object(text) ?? (try? JavaScriptJSON.parse(nested: text)) ?? value
    }

    private static func object(_ text: String) -> JSON? {
        guard text.utf8.starts(with: "SEA{".utf8) else { return nil }
        return try? JavaScriptJSON.parse(nested: String(text.dropFirst(3)))
    }

    /// Signs a value: `SEA{"m":value,"s":signature}`.
    ///
    /// What this pair signed already comes back as it was.
    public static func sign(_ value: JSON, with pair: GunKeyPair) throws(GunError) -> String {
        let value = meaning(value)
        if value["m"] != nil, value["s"] != nil, verify(value, by: pair.pub) != nil {
            return "SEA" + JavaScriptJSON.text(value)
        }
        let signature = try signature(of: preimage(value), with: pair)
        return "SEA" + JavaScriptJSON.text(.object(["m": value, "s": .string(signature)]))
    }

    /// The value that this key signed; `nil` when it did not.
    ///
    /// - Parameter signed: What ``sign(_:with:)`` made, as a text or as the object in it.
    public static func verify(_ signed: JSON, by key: GunPublicKey) -> JSON? {
        let envelope = meaning(signed)
        guard let value = envelope["m"], let signature = envelope["s"]?.stringValue,
            isSignature(signature, of: preimage(value), by: key.text)
        else { return nil }
        return value
    }

    /// The value that this key signed; `nil` when it did not.
    public static func verify(_ signed: String, by key: GunPublicKey) -> JSON? { verify(.string(signed), by: key) }

    /// The key that two pairs share: 43 characters, to encrypt and decrypt with.
    ///
    /// - Parameter epub: The other's public key for secrets.
    /// - Throws: ``GunError/badKey``
    public static func secret(with epub: String, of pair: GunKeyPair) throws(GunError) -> String {
        let key = try SEAKey.agreement(epub)
        guard let shared = try? pair.agreement.sharedSecretFromKeyAgreement(with: key) else { throw .badKey }
        return Base64.encode(shared.withUnsafeBytes { [UInt8]($0) }, alphabet: .urlUnpadded)
    }

    /// A slow hash, for keys from passphrases: PBKDF2 with HMAC-SHA-256.
    ///
    /// - Parameters:
    ///   - rounds: 1 and up; GUN takes 100 000.
    ///   - count: How many bytes come out.
    public static func work(
        _ value: JSON, salt: String, rounds: Int = 100_000, count: Int = 64
    ) throws(GunError) -> [UInt8] {
        let derived = try? KDF.Insecure.PBKDF2.deriveKey(
            from: preimage(value), salt: Data(LoneSurrogates.utf8(salt)), using: .sha256, outputByteCount: count,
            unsafeUncheckedRounds: rounds)
        guard let derived else { throw .badKey }
        return derived.withUnsafeBytes { [UInt8]($0) }
    }

    /// SHA-256 of a text, or of a value's JSON.
    public static func digest(_ value: JSON) -> [UInt8] { [UInt8](SHA256.hash(data: preimage(value))) }
}

// MARK: - Encryption

extension SEA {
    /// Encrypts a value: `SEA{"ct":ciphertext,"iv":nonce,"s":salt}`.
    ///
    /// - Parameter key: A shared secret of ``secret(with:of:)``, or any text; weak texts make weak keys.
    /// - Source: GUN SEA: AES-256-GCM with a nonce of 15 bytes; the key is SHA-256 of the text and 9 bytes of salt.
    public static func encrypt(_ value: JSON, key: String) throws(GunError) -> String {
        "SEA" + JavaScriptJSON.text(try encrypted(value, key: key))
    }

    static func encrypted(
        _ value: JSON, key: String, salt: [UInt8] = random(9), nonce: [UInt8] = random(15)
    ) throws(GunError) -> JSON {
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.seal(preimage(value), using: symmetricKey(key, salt: salt), nonce: nonce)
        else { throw .badKey }
        return .object([
            "ct": .string(Base64.encode([UInt8](box.ciphertext + box.tag))),
            "iv": .string(Base64.encode([UInt8](nonce))), "s": .string(Base64.encode(salt)),
        ])
    }

    /// The value that was encrypted with this key.
    ///
    /// - Parameter encrypted: What ``encrypt(_:key:)`` made, as a text or as the object in it.
    /// - Throws: ``GunError/badEnvelope``, ``GunError/cannotDecrypt``
    public static func decrypt(_ encrypted: JSON, key: String) throws(GunError) -> JSON {
        let envelope = meaning(encrypted)
        guard let sealed = bytes(envelope["ct"], limit: 1 << 20), let nonce = bytes(envelope["iv"], limit: 64),
            let salt = bytes(envelope["s"], limit: 64), sealed.count >= 16,
            let iv = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.SealedBox(nonce: iv, ciphertext: sealed.dropLast(16), tag: sealed.suffix(16))
        else { throw .badEnvelope }
        guard let plain = try? AES.GCM.open(box, using: symmetricKey(key, salt: salt)),
            let text = String(validating: plain, as: UTF8.self)
        else { throw .cannotDecrypt }
        return meaning(.string(text))
    }

    private static func bytes(_ json: JSON?, limit: Int) -> [UInt8]? {
        guard let text = json?.stringValue else { return nil }
        return try? Base64.decode(text, maximumBytes: limit)
    }

    /// The salt joins the text as characters U+0000 through U+00FF, which makes two bytes of each from 0x80 on.
    private static func symmetricKey(_ key: String, salt: [UInt8]) -> SymmetricKey {
        let salted = LoneSurrogates.utf8(key) + Array(String(String.UnicodeScalarView(salt.map { .init($0) })).utf8)
        return SymmetricKey(data: SHA256.hash(data: salted))
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

// MARK: - Signatures over texts

extension SEA {
    /// The text that is signed, encrypted or hashed: a text itself, of anything else its JSON.
    static func preimage(_ value: JSON) -> [UInt8] {
        guard case .string(let text) = value else { return JavaScriptJSON.bytes(value) }
        return LoneSurrogates.utf8(text)
    }

    /// Signs the digest of a digest: SEA hashes before it hands over to ECDSA, which hashes again.
    static func signature(of bytes: [UInt8], with pair: GunKeyPair) throws(GunError) -> String {
        guard let signature = try? pair.signing.signature(for: Data(SHA256.hash(data: bytes))) else { throw .badKey }
        return Base64.encode([UInt8](signature.rawRepresentation))
    }

    static func isSignature(_ text: String, of bytes: [UInt8], by key: String) -> Bool {
        guard let raw = try? Base64.decode(text, maximumBytes: 64), raw.count == 64,
            let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw),
            let key = try? SEAKey.signing(key)
        else { return false }
        return key.isValidSignature(signature, for: Data(SHA256.hash(data: bytes)))
    }
}
