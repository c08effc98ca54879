// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A secret key in the form that Stacks wallets write: with or without the mark of a compressed public key.
///
/// The same number gives two accounts, one for each way to write the public key.
///
/// - Unit: 32 bytes, or 33 of which the last is 1 for a compressed public key.
/// - Source: SIP-005, "Transaction authorization"; the Wallet Import Format of Bitcoin.
public struct StacksPrivateKey: ~Copyable, Sendable {
    private let key: PrivateKey
    /// Whether the public key is written in 33 bytes.
    public let isCompressed: Bool

    public init(_ key: consuming PrivateKey, isCompressed: Bool = true) {
        self.key = key
        self.isCompressed = isCompressed
    }

    /// Takes 32 bytes, or 33 that end in 1; anything else, and what is no scalar, is `nil`.
    ///
    /// The caller wipes its own copy.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 || bytes.count == 33 && bytes.dropFirst(32).first == 1,
            let key = PrivateKey(bytes.prefix(32))
        else { return nil }
        self.init(key, isCompressed: bytes.count == 33)
    }

    /// Reads 64 or 66 digits, with or without `0x` in front; anything else is `nil`.
    public init?(hex text: String) {
        guard var bytes = Hex.decode(text) else { return nil }
        defer { PrivateKey.wipe(&bytes) }
        self.init(bytes)
    }

    /// The public key, in 33 or 65 bytes.
    public var publicKey: [UInt8] { isCompressed ? key.publicKey.compressed : key.publicKey.uncompressed }

    /// The account of this key.
    public func account(mainnet: Bool) -> StandardPrincipal {
        StandardPrincipal(publicKey: publicKey, version: .single(mainnet: mainnet))
    }

    /// How a transaction says which way the public key is written.
    public var keyEncoding: StacksTransaction.SpendingCondition.KeyEncoding {
        isCompressed ? .compressed : .uncompressed
    }

    /// Signs a digest: low `s`, the same bytes every time (RFC 6979).
    public borrowing func sign(_ digest: Hash32) -> Signature { key.sign(digest) }

    /// Lends the 32 secret bytes for the length of the call.
    public borrowing func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result { try key.withBytes(body) }
}
