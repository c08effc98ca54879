// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Somebody who signs digests: a key in memory, a key in a device, a service.
public protocol Signer: Sendable {
    var address: Address { get }
    /// How ``address`` is made from the key: of which kind of chain the account is.
    var accounts: AccountForm { get }
    func sign(_ digest: Hash32) async throws -> Signature
}

extension Signer {
    public var accounts: AccountForm { .keccak }
}

/// A key in this process's memory.
public final class KeySigner: Signer {
    private let key: PrivateKey
    public let address: Address
    public let accounts: AccountForm

    public init(_ key: consuming PrivateKey, accounts: AccountForm = .keccak) {
        address = key.publicKey.account(accounts)
        self.accounts = accounts
        self.key = key
    }

    public func sign(_ digest: Hash32) async throws -> Signature { signNow(digest) }

    /// The same without a wait, for callers that know the key to be here.
    public func signNow(_ digest: Hash32) -> Signature { key.sign(digest) }

    public var publicKey: PublicKey { key.publicKey }
}
