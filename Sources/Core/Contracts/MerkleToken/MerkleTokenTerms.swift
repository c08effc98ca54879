// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives

/// What a payer fixes when it opens a Merkle-token channel: so many tokens, each worth so much at most, in one tree.
///
/// All tokens are paid for when the channel opens. Each names its own payee, who takes what was revealed to it; the
/// rest goes back when the channel has expired.
///
/// - Source: R. Merkle, "A Digital Signature Based on a Conventional Encryption Function" (1987).
public struct MerkleTokenTerms: ContractTerms {
    /// Who deposits, and to whom the rest goes back.
    public var payer: Address
    public var token: Address
    /// The root of the tree whose leaves are the tokens.
    public var root: Hash32
    /// How many tokens the tree has.
    ///
    /// - Range: ``tokenCounts``.
    public var tokenCount: UInt32
    /// The most that one token may be worth.
    ///
    /// - Unit: atomic units of the currency; not zero.
    public var tokenAmount: Amount
    /// From when on the payer may have the rest.
    ///
    /// - Unit: Unix seconds.
    public var expiry: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    /// A proof has one hash for each level of the tree, so 2^20 tokens cost twenty hashes each.
    public static let tokenCounts: ClosedRange<UInt32> = 1...1_048_576

    public init(
        payer: Address, token: Address, root: Hash32, tokenCount: UInt32, tokenAmount: Amount, expiry: UInt64,
        salt: Hash32
    ) {
        self.payer = payer
        self.token = token
        self.root = root
        self.tokenCount = tokenCount
        self.tokenAmount = tokenAmount
        self.expiry = expiry
        self.salt = salt
    }

    public var parties: [Address] { [payer] }

    /// What all tokens together may be worth, and so what is deposited; `nil` when that is more than an amount can
    /// hold.
    public var deposit: Amount? { tokenAmount.multiplied(by: UInt128(tokenCount)) }

    /// How many levels lie between a leaf and the root: 0 for one token.
    ///
    /// The tree has 2^depth places for leaves, the least power of two that holds all tokens.
    public var depth: Int { tokenCount < 2 ? 0 : UInt32.bitWidth - (tokenCount - 1).leadingZeroBitCount }

    /// Whether there is a place for a token, and it is worth something, and not too much.
    public func allows(_ token: MerkleToken) -> Bool {
        token.index < tokenCount && !token.amount.isZero && token.amount <= tokenAmount
    }

    /// What goes into every leaf of the tree, so that no token of it is worth anything in another channel.
    ///
    /// It says all that the terms say but the root, which is made with it.
    public func tag(in domain: ContractDomain) -> Hash32 {
        domain.digest(
            of: Self.tagType,
            [
                .address(payer), .address(token), .uint(UInt64(tokenCount)), .uint(tokenAmount), .uint(expiry),
                .bytes32(salt),
            ])
    }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        channelID(of: tag(in: domain), in: domain)
    }

    func channelID(of tag: Hash32, in domain: ContractDomain) -> ChannelID {
        ChannelID(domain.digest(of: Self.channelType, [.bytes32(tag), .bytes32(root)]))
    }

    private static let tagType = EIP712.TypeHash(
        "MerkleTokenTag(address payer,address token,uint32 tokenCount,uint128 tokenAmount,uint64 expiry,"
            + "bytes32 salt)")
    private static let channelType = EIP712.TypeHash("MerkleTokenChannel(bytes32 tag,bytes32 root)")
}
