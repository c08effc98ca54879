// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// A key pair that lies encrypted in the graph, and opens with a passphrase.
///
/// - Source: GUN SEA, `user.create` and `user.auth`.
public struct GunAccount: Sendable {
    public let alias: String
    public let pair: GunKeyPair
    /// What stands under `auth`: the encrypted private keys and the salt.
    public let auth: String

    /// Makes an account, with a new key pair unless one is given.
    ///
    /// - Throws: ``GunError/passphraseTooShort``, ``GunError/invalidValue`` for an empty alias.
    public init(alias: String, passphrase: String, pair: GunKeyPair = GunKeyPair()) throws(GunError) {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<8).map { _ in MessageID.random(using: &generator).text }.joined().prefix(64)
        try self.init(alias: alias, passphrase: passphrase, pair: pair, salt: String(salt))
    }

    init(alias: String, passphrase: String, pair: GunKeyPair, salt: String) throws(GunError) {
        guard passphrase.utf16.count >= 8 else { throw .passphraseTooShort }
        guard !alias.isEmpty, alias.utf8.count <= 256 else { throw .invalidValue }
        self.alias = alias
        self.pair = pair
        let proof = try Self.proof(passphrase, salt: salt)
        let secrets = JSON.object(["priv": .string(pair.priv), "epriv": .string(pair.epriv)])
        let encrypted = try SEA.encrypted(secrets, key: proof)
        auth = JavaScriptJSON.text(.object(["ek": encrypted, "s": .string(salt)]))
    }

    /// Opens the account that belongs to a key.
    ///
    /// - Parameter auth: What stands under `auth` of the key's node.
    /// - Throws: ``GunError/noAccount`` when the passphrase is another one.
    public static func open(
        auth: JSON, passphrase: String, pub: GunPublicKey
    ) throws(GunError) -> GunKeyPair {
        let auth = SEA.meaning(auth)
        guard let salt = auth["s"]?.stringValue, salt.utf8.count <= 1024, let encrypted = auth["ek"] else {
            throw .badEnvelope
        }
        guard let secrets = try? SEA.decrypt(encrypted, key: try proof(passphrase, salt: salt)),
            let priv = secrets["priv"]?.stringValue, let epriv = secrets["epriv"]?.stringValue,
            let pair = try? GunKeyPair(priv: priv, epriv: epriv), pair.pub == pub
        else { throw .noAccount }
        return pair
    }

    private static func proof(_ passphrase: String, salt: String) throws(GunError) -> String {
        Base64.encode(try SEA.work(.string(passphrase), salt: salt))
    }

    /// The node that lists who has an alias: `~@` and the alias.
    public static func aliasSoul(_ alias: String) -> Soul { Soul("~@" + alias) }

    /// What makes the account known: the signed node of the key, and the alias that leads to it.
    public func nodes(state: GunState) throws(GunError) -> [GunNode] {
        let soul = pair.pub.soul
        let fields: [(NodeKey, GunValue)] = [
            ("pub", .text(pair.pub.text)), ("alias", .text(alias)), ("epub", .text(pair.epub)), ("auth", .text(auth)),
        ]
        var node = GunNode(soul)
        for (key, value) in fields {
            let signed = try UserSpace.sign(value, at: key, of: soul, state: state, with: pair)
            node.entries[key] = GunEntry(signed, state)
        }
        let link = GunEntry(.link(soul), state)
        return [node, GunNode(Self.aliasSoul(alias), [NodeKey(soul.text): link])]
    }
}
