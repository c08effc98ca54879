// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
public import FarthingEncodings
public import FarthingGun
public import FarthingPrimitives

/// Which GUN keys belong to an account, signed with the account's Ethereum key.
///
///     {"account":"0x…","epub":"x.y","pub":"x.y","signature":"0x…"}
///
/// It is no secret, and may come over any road: nobody but the account can make one. An account that has made two is
/// found under either, so whoever changes its keys says so to the other sides of its channels.
public struct GunContact: Hashable, Sendable {
    public let account: Address
    /// What the account signs with in GUN, and the name of its part of the graph.
    public let pub: GunPublicKey
    /// What others agree with it on secrets with.
    public let epub: String
    public let signature: Signature

    /// - Throws: ``GunContactError/malformed``, ``GunContactError/signature(of:)`` when the account did not sign it.
    public init(account: Address, pub: GunPublicKey, epub: String, signature: Signature) throws(GunContactError) {
        guard (try? GunPublicKey(pub.text)) != nil, (try? GunPublicKey(epub)) != nil else { throw .malformed }
        guard signature.isBy(account, over: Self.digest(pub: pub, epub: epub)) else { throw .signature(of: account) }
        self.account = account
        self.pub = pub
        self.epub = epub
        self.signature = signature
    }

    /// Reads a contact, and verifies it.
    ///
    /// - Throws: ``GunContactError/malformed``, ``GunContactError/signature(of:)``.
    public init(_ json: JSON) throws(GunContactError) {
        guard let account = json["account"]?.stringValue.flatMap({ Address(hex: $0) }),
            let pub = json["pub"]?.stringValue.flatMap({ try? GunPublicKey($0) }),
            let epub = json["epub"]?.stringValue,
            let bytes = json["signature"]?.stringValue.flatMap({ Hex.decode($0) }),
            let signature = try? Signature(bytes)
        else { throw .malformed }
        try self.init(account: account, pub: pub, epub: epub, signature: signature)
    }

    /// Reads a contact from a text, and verifies it.
    ///
    /// - Throws: ``GunContactError/malformed``, ``GunContactError/signature(of:)``.
    public init(text: String) throws(GunContactError) {
        let limits = JSON.Limits(maximumDepth: 2, maximumBytes: 1024)
        guard let json = try? JSON.parse(text, limits: limits) else { throw .malformed }
        try self.init(json)
    }

    public var json: JSON {
        [
            "account": .string(account.hex), "epub": .string(epub), "pub": .string(pub.text),
            "signature": .string(signature.hex),
        ]
    }

    /// What the account signs: a text that a wallet can show.
    ///
    /// - Source: `personal_sign`; EIP-191, version 0x45. No contract takes such a signature for a payment.
    static func digest(pub: GunPublicKey, epub: String) -> Hash32 {
        BalanceProofLegacy.textDigest("Farthing: on GUN I sign with \(pub.text) and read with \(epub).")
    }
}
