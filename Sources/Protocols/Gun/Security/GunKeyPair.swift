// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Crypto
public import FarthingEncodings

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The public half of a signing key, which names the owner of a part of the graph.
public struct GunPublicKey: Hashable, Sendable, CustomStringConvertible {
    /// Both coordinates in Base64 for URLs, with a point between them: 87 characters.
    public let text: String

    /// - Throws: ``GunError/badKey`` when this is not a point of P-256.
    public init(_ text: String) throws(GunError) {
        _ = try SEAKey.signing(text)
        self.text = text
    }

    init(checked text: String) { self.text = text }

    /// The node that belongs to this key: `~` and the key.
    public var soul: Soul { Soul("~" + text) }

    public var description: String { text }
}

/// A key pair for signatures and one for secrets: who somebody is in GUN.
///
/// - Source: GUN SEA; both are P-256, private keys as scalars and public keys as `x.y`, in Base64 for URLs.
public struct GunKeyPair: Sendable {
    /// The signing key that others verify with.
    public let pub: GunPublicKey
    /// The key that others agree on secrets with, written like ``pub``.
    public let epub: String
    let signing: P256.Signing.PrivateKey
    let agreement: P256.KeyAgreement.PrivateKey

    /// Makes a new pair from the system's random numbers.
    public init() {
        self.init(signing: P256.Signing.PrivateKey(), agreement: P256.KeyAgreement.PrivateKey())
    }

    private init(signing: P256.Signing.PrivateKey, agreement: P256.KeyAgreement.PrivateKey) {
        self.signing = signing
        self.agreement = agreement
        pub = GunPublicKey(checked: SEAKey.text(signing.publicKey.rawRepresentation))
        epub = SEAKey.text(agreement.publicKey.rawRepresentation)
    }

    /// Takes a pair from its two private keys, each 43 characters.
    ///
    /// - Throws: ``GunError/badKey``
    public init(priv: String, epriv: String) throws(GunError) {
        let signing = try SEAKey.scalar(priv)
        let agreement = try SEAKey.scalar(epriv)
        guard let signing = try? P256.Signing.PrivateKey(rawRepresentation: signing),
            let agreement = try? P256.KeyAgreement.PrivateKey(rawRepresentation: agreement)
        else { throw .badKey }
        self.init(signing: signing, agreement: agreement)
    }

    /// Takes a pair as SEA writes it: `{pub, priv, epub, epriv}`.
    ///
    /// - Throws: ``GunError/badKey``, also when a public key does not belong to its private one.
    public init(_ json: JSON) throws(GunError) {
        guard let priv = json["priv"]?.stringValue, let epriv = json["epriv"]?.stringValue else { throw .badKey }
        try self.init(priv: priv, epriv: epriv)
        if let pub = json["pub"]?.stringValue, pub != self.pub.text { throw .badKey }
        if let epub = json["epub"]?.stringValue, epub != self.epub { throw .badKey }
    }

    /// The pair as SEA writes it, with both private keys: a secret.
    public var secretJSON: JSON {
        .object([
            "pub": .string(pub.text), "priv": .string(priv), "epub": .string(epub), "epriv": .string(epriv),
        ])
    }

    var priv: String { Base64.encode([UInt8](signing.rawRepresentation), alphabet: .urlUnpadded) }
    var epriv: String { Base64.encode([UInt8](agreement.rawRepresentation), alphabet: .urlUnpadded) }
}

extension GunKeyPair: CustomStringConvertible, CustomReflectable {
    /// Only the public key.
    public var description: String { pub.text }

    public var customMirror: Mirror { Mirror(self, children: ["pub": pub.text]) }
}

/// P-256 keys in the text form of SEA.
enum SEAKey {
    static func text(_ raw: Data) -> String {
        let bytes = [UInt8](raw)
        return Base64.encode(Array(bytes.prefix(32)), alphabet: .urlUnpadded) + "."
            + Base64.encode(Array(bytes.dropFirst(32)), alphabet: .urlUnpadded)
    }

    static func scalar(_ text: String) throws(GunError) -> [UInt8] {
        guard let bytes = try? Base64.decode(text, alphabet: .urlUnpadded, maximumBytes: 32), bytes.count == 32 else {
            throw .badKey
        }
        return bytes
    }

    static func signing(_ text: String) throws(GunError) -> P256.Signing.PublicKey {
        guard let key = try? P256.Signing.PublicKey(rawRepresentation: try point(text)) else { throw .badKey }
        return key
    }

    static func agreement(_ text: String) throws(GunError) -> P256.KeyAgreement.PublicKey {
        guard let key = try? P256.KeyAgreement.PublicKey(rawRepresentation: try point(text)) else { throw .badKey }
        return key
    }

    private static func point(_ text: String) throws(GunError) -> [UInt8] {
        guard text.utf8.count == 87 else { throw .badKey }
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count == 2 else { throw .badKey }
        return try scalar(String(halves[0])) + scalar(String(halves[1]))
    }
}
