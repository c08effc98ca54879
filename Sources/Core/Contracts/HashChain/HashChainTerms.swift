// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
public import FarthingStacks

/// What the sides of a hash-chain channel agree on: so many steps, each worth so much, on one chain of hashes.
///
/// All steps are paid for when the channel opens. The payee takes what was revealed to it; the rest goes back.
///
/// - Source: R. Rivest, A. Shamir, "PayWord and MicroMint" (1996); `Specs/hash-chain.md`.
public struct HashChainTerms: StacksTerms {
    /// Who deposits, and to whom the rest goes back.
    public var payer: Address
    /// To whom revealed steps are paid.
    public var receiver: Address
    /// Whose key gives the rest back early, on the payee's side.
    public var receiverAuthorizer: Address
    public var token: Address
    /// The end of the chain that everybody may know: step 0.
    public var anchor: Hash32
    /// How many steps the chain has.
    ///
    /// - Range: ``stepCounts``.
    public var stepCount: UInt32
    /// What one step is worth.
    ///
    /// - Unit: atomic units of the token; not zero.
    public var stepAmount: Amount
    /// From when on the payer may have the rest without the payee.
    ///
    /// - Unit: Unix seconds.
    public var expiry: UInt64
    /// Tells apart channels that are the same otherwise.
    public var salt: Hash32

    /// A contract hashes once for each step that it pays, so a chain must not be too long for one block.
    ///
    /// - Source: MuPay caps `numberOfTokens` at a uint16.
    public static let stepCounts: ClosedRange<UInt32> = 1...65_535

    public init(
        payer: Address, receiver: Address, receiverAuthorizer: Address, token: Address, anchor: Hash32,
        stepCount: UInt32, stepAmount: Amount,
        expiry: UInt64, salt: Hash32
    ) {
        self.payer = payer
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.anchor = anchor
        self.stepCount = stepCount
        self.stepAmount = stepAmount
        self.expiry = expiry
        self.salt = salt
    }

    /// The terms as the contract on Stacks takes them, with the deposit.
    ///
    /// - Source: `Contracts/Clarity/hash-chains.md`, `fund`.
    public func fundingCall(_ amount: Amount, in contract: StacksContract) -> StacksTransaction.ContractCall? {
        contract.call("fund", [value(in: contract), .uint(amount.units), contract.token(token)])
    }

    private func value(in contract: StacksContract) -> ClarityValue {
        StacksContract.tuple([
            ("payer", contract.principal(payer)), ("receiver", contract.principal(receiver)),
            ("receiver-authorizer", contract.principal(receiverAuthorizer)), ("token", contract.token(token)),
            ("anchor", .buffer(anchor.bytes)), ("step-count", .uint(UInt128(stepCount))),
            ("step-amount", .uint(stepAmount.units)), ("expiry", .uint(UInt128(expiry))),
            ("salt", .buffer(salt.bytes)),
        ])
    }

    public var parties: [Address] { [payer, receiver, receiverAuthorizer] }

    /// What all steps together are worth, and so what is deposited; `nil` when that is more than an amount can hold.
    public var deposit: Amount? { stepAmount.multiplied(by: UInt128(stepCount)) }

    /// What goes into every hash of the chain, so that no step of it is worth anything in another channel.
    ///
    /// It says all that the terms say but the anchor, which is made with it.
    public func tag(in domain: ContractDomain) -> Hash32 {
        domain.digest(
            of: Self.tagType,
            [
                .address(payer), .address(receiver), .address(receiverAuthorizer), .address(token),
                .uint(UInt64(stepCount)), .uint(stepAmount),
                .uint(expiry), .bytes32(salt),
            ])
    }

    public func channelID(in domain: ContractDomain) -> ChannelID {
        channelID(of: tag(in: domain), in: domain)
    }

    func channelID(of tag: Hash32, in domain: ContractDomain) -> ChannelID {
        ChannelID(domain.digest(of: Self.channelType, [.bytes32(tag), .bytes32(anchor)]))
    }

    private static let tagType = EIP712.TypeHash(
        "HashChainTag(address payer,address receiver,address receiverAuthorizer,address token,uint32 stepCount,"
            + "uint128 stepAmount,uint64 expiry,bytes32 salt)")
    private static let channelType = EIP712.TypeHash("HashChainChannel(bytes32 tag,bytes32 anchor)")
}
