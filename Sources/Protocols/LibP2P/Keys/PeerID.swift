// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The name of a peer: a digest of its public key, or the key itself when that is short.
///
/// - Unit: the bytes of a multihash; in text base58btc without a prefix, or a CID in any multibase.
/// - Source: libp2p specs, peer-ids/peer-ids.md, revision 2.
public struct PeerID: Hashable, Sendable {
    public let multihash: Multihash

    /// Keys whose message is longer than this are hashed.
    static let longestInlineKey = 42
    private static let libp2pKeyCodec: UInt8 = 0x72

    public init(_ key: PeerPublicKey) {
        let message = key.message
        if message.count <= Self.longestInlineKey, let whole = try? Multihash(identity: message) {
            multihash = whole
        } else {
            multihash = Multihash(sha256Of: message)
        }
    }

    /// Reads a multihash that fills the bytes.
    ///
    /// - Throws: ``WireError/badMultihash`` for an identity digest longer than any key that is not hashed.
    public init(bytes: [UInt8]) throws(WireError) {
        let multihash = try Multihash(bytes)
        guard multihash.function != .identity || (1...Self.longestInlineKey).contains(multihash.digest.count) else {
            throw .badMultihash
        }
        self.multihash = multihash
    }

    /// Reads base58 that starts with `1` or `Qm`, or else a CID of a libp2p key.
    public init(text: String) throws(WireError) {
        guard text.utf8.count <= 256 else { throw .tooLong(length: UInt64(text.utf8.count), limit: 256) }
        if text.hasPrefix("1") || text.hasPrefix("Qm") {
            try self.init(bytes: try PositionalBase.base58btc.decode(text))
        } else {
            let cid = try Multibase.decode(text)
            guard cid.starts(with: [1, Self.libp2pKeyCodec]) else { throw .badText }
            try self.init(bytes: Array(cid.dropFirst(2)))
        }
    }

    public var bytes: [UInt8] { multihash.bytes }

    /// `12D3Koo…`, `16Uiu2…` or `Qm…`.
    public var base58: String { PositionalBase.base58btc.encode(bytes) }

    /// `b` and base32 of the CID.
    public var cid: String { Multibase.base32.encode([1, Self.libp2pKeyCodec] + bytes) }

    /// The key, when the id is short enough to hold it.
    public var publicKey: PeerPublicKey? {
        guard multihash.function == .identity else { return nil }
        return try? PeerPublicKey(message: multihash.digest)
    }
}

extension PeerID: CustomStringConvertible, LosslessStringConvertible {
    /// Reads an id, or answers `nil`; see ``init(text:)`` for the reason.
    public init?(_ description: String) { try? self.init(text: description) }

    public var description: String { base58 }
}
