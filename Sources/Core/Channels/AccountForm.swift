// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives
public import FarthingStacks

/// How the 20 bytes of an account are made from its public key: each kind of chain has its own way.
public enum AccountForm: Hashable, Sendable, CaseIterable {
    /// The last 20 bytes of the Keccak-256 of the uncompressed key: EVM chains, and embedded ledgers.
    case keccak
    /// RIPEMD-160 of the SHA-256 of the compressed key: Stacks.
    ///
    /// - Source: SIP-005, "Transaction authorization", single-signature spending condition.
    case hash160
}

extension Network {
    /// How accounts are made on this chain.
    public var accountForm: AccountForm { stacksChainID == nil ? .keccak : .hash160 }

    /// A Stacks chain by its number: 1 is mainnet, 2147483648 the public testnet.
    ///
    /// - Source: CAIP-2, namespace `stacks`.
    public init(stacks chainID: UInt32) {
        // Ten digits at most, so the name is one.
        self = Network("stacks:\(chainID)") ?? Network(evm: 0)
    }

    /// The chain's number when this is a Stacks chain, in its canonical spelling (no zero in front).
    public var stacksChainID: UInt32? {
        guard namespace == "stacks", let id = UInt32(reference), "\(id)" == reference else { return nil }
        return id
    }
}

extension Network {
    /// Reads an account as it is written on this chain: `SP…` or `ST…` on Stacks, elsewhere `0x` and 40 digits; a wrong
    /// checksum is `nil`, and so is an account of another chain or one that is no single key's.
    public func account(_ text: String) -> Address? {
        guard let chainID = stacksChainID else { return Address(checking: text) }
        guard let account = try? StandardPrincipal(address: text),
            account.version == AddressVersion.single(mainnet: chainID == 1).rawValue
        else { return nil }
        return Address(account.hash)
    }

    /// An account as it is written on this chain.
    public func text(of account: Address) -> String {
        guard let chainID = stacksChainID else { return account.checksummed }
        return StandardPrincipal(account, mainnet: chainID == 1).address
    }

    /// A transaction as it is named on this chain: 64 digits, on all but Stacks with `0x` before them.
    ///
    /// - Source: stacks-core, `docs/rpc/openapi.yaml`, `GET /v3/transaction/{txid}`.
    public func text(of transaction: TransactionID) -> String {
        stacksChainID == nil ? transaction.hash.hex : String(transaction.hash.hex.dropFirst(2))
    }
}

extension StandardPrincipal {
    /// The account of one key, by its 20 bytes.
    public init(_ account: Address, mainnet: Bool) {
        // 20 bytes under a version below 32 are always an account.
        self =
            StandardPrincipal(version: AddressVersion.single(mainnet: mainnet).rawValue, hash: account.bytes) ?? .zero
    }
}

extension PublicKey {
    /// The account of this key.
    public func account(_ form: AccountForm) -> Address {
        switch form {
        case .keccak: address
        case .hash160: Address(Hash160.hash(compressed)) ?? .zero
        }
    }
}

extension Signature {
    /// Whether it recovers to `account`; the zero address never signs.
    public func isBy(_ account: Address, over digest: Hash32, as form: AccountForm) -> Bool {
        account != .zero && PublicKey(recovering: self, over: digest)?.account(form) == account
    }
}
