// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A transaction of the Stacks chain, as a value.
///
/// It is made with empty signatures, signed by its origin (and its sponsor), and sent as ``encoded``. A transaction
/// that was read from bytes is not to be trusted before ``verifySignatures()``.
///
/// - Source: SIP-005, "Transaction encoding".
public struct StacksTransaction: Hashable, Sendable {
    /// The network that a transaction is for.
    public enum Version: UInt8, Hashable, Sendable, CaseIterable {
        case mainnet = 0x00
        case testnet = 0x80

        /// Whether transactions of this version run on mainnet.
        public var isMainnet: Bool { self == .mainnet }

        /// The number of the network's own chain: 1 on mainnet, 0x80000000 on the public testnet.
        public var defaultChainID: UInt32 { isMainnet ? 1 : 0x8000_0000 }
    }

    /// Into which kind of block the transaction may go; since epoch 3 nodes no longer look at it.
    public enum AnchorMode: UInt8, Hashable, Sendable, CaseIterable {
        case onChain = 1
        case offChain = 2
        case any = 3
    }

    /// What holds for assets that no condition names.
    public enum PostConditionMode: UInt8, Hashable, Sendable, CaseIterable {
        /// They may be moved.
        case allow = 1
        /// They must not be moved, by whomever.
        case deny = 2
        /// They must not be moved away from the origin (SIP-040).
        case originator = 3
    }

    public var version: Version
    /// Which chain of the network; a signature holds for this one only.
    public var chainID: UInt32
    /// Who signs, who pays, and their signatures.
    public var authorization: Authorization
    public var anchorMode: AnchorMode
    public var postConditionMode: PostConditionMode
    public var postConditions: [PostCondition]
    /// What the transaction does.
    public var payload: Payload

    /// How long a transaction may be.
    ///
    /// - Unit: bytes.
    /// - Source: stacks-core, `MAX_TRANSACTION_LEN`.
    public static let maximumLength = 2 * 1024 * 1024

    /// - Parameters:
    ///   - chainID: Unless told, that of the network.
    ///   - postConditionMode: Unless told, nothing may be moved that no condition names.
    public init(
        version: Version, chainID: UInt32? = nil, authorization: Authorization, anchorMode: AnchorMode = .any,
        postConditionMode: PostConditionMode = .deny, postConditions: [PostCondition] = [], payload: Payload
    ) {
        self.version = version
        self.chainID = chainID ?? version.defaultChainID
        self.authorization = authorization
        self.anchorMode = anchorMode
        self.postConditionMode = postConditionMode
        self.postConditions = postConditions
        self.payload = payload
    }

    /// The account that the transaction acts for.
    public var origin: StandardPrincipal { authorization.origin.signer }

    /// The account that pays the fee, when it is not the origin.
    public var sponsor: StandardPrincipal? { authorization.sponsor?.signer }

    /// What whoever pays offers for it, in micro-STX.
    public var fee: UInt64 { (authorization.sponsor ?? authorization.origin).fee }
}
