// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A deposit that its payer has signed and anybody may submit.
public struct SignedDeposit: Hashable, Sendable {
    public var terms: ChannelTerms
    public var amount: Amount
    public var authorization: TransferAuthorization
    public init(terms: ChannelTerms, amount: Amount, authorization: TransferAuthorization) {
        self.terms = terms
        self.amount = amount
        self.authorization = authorization
    }
}

/// A payer's leave to take one sum from its account, once, in a span of time.
///
/// - Source: EIP-3009, `receiveWithAuthorization`; x402's `erc3009Authorization` and `permit2Authorization`.
public struct TransferAuthorization: Hashable, Sendable {
    /// Unix seconds; valid when the block's time is later.
    public var validAfter: UInt64
    /// Unix seconds; valid while the block's time is earlier.
    public var validBefore: UInt64
    /// Makes the nonce, together with the channel: see ``SettlementDomain/depositNonce(channel:salt:)``.
    ///
    /// By Permit2 it is the nonce itself, which need not be the number that comes next.
    public var salt: Hash32
    public var signature: Signature
    /// By Permit2 it is valid from the start, and until ``validBefore``.
    public var method: DepositMethod

    public init(
        validAfter: UInt64, validBefore: UInt64, salt: Hash32, signature: Signature,
        method: DepositMethod = .eip3009
    ) {
        self.method = method
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.salt = salt
        self.signature = signature
    }
}

/// A voucher as a settlement takes it: how much its payer let the payee take in all, and that it did.
///
/// - Source: x402 v2, scheme `batch-settlement`, `maxClaimableAmount` and its signature.
public struct SignedCeiling: Hashable, Sendable {
    public var terms: ChannelTerms
    public var ceiling: Amount
    public var signature: Signature
    public init(terms: ChannelTerms, ceiling: Amount, signature: Signature) {
        self.terms = terms
        self.ceiling = ceiling
        self.signature = signature
    }
}

/// One channel's line in a batch of claims.
public struct ClaimRow: Hashable, Sendable {
    public var terms: ChannelTerms
    /// What the voucher allows in all.
    public var ceiling: Amount
    /// The voucher's signature.
    public var signature: Signature
    /// What is to be booked in all; at most `ceiling`.
    public var total: Amount
    public init(terms: ChannelTerms, ceiling: Amount, signature: Signature, total: Amount) {
        self.terms = terms
        self.ceiling = ceiling
        self.signature = signature
        self.total = total
    }
}

/// The payee's leave to give money back.
public struct RefundOrder: Hashable, Sendable {
    public var terms: ChannelTerms
    /// The most to give back; less is given when less is there.
    public var amount: Amount
    /// Must be the channel's `refundNonce`.
    public var nonce: UInt64
    /// By the channel's `receiverAuthorizer`, over ``SettlementDomain/refundDigest(channel:nonce:amount:)``.
    public var signature: Signature
    /// What the payer signed for last; a settlement that wants to see who is paid back asks for it.
    public var voucher: SignedCeiling?
    public init(
        terms: ChannelTerms, amount: Amount, nonce: UInt64, signature: Signature, voucher: SignedCeiling? = nil
    ) {
        self.terms = terms
        self.amount = amount
        self.nonce = nonce
        self.signature = signature
        self.voucher = voucher
    }
}

/// The hash by which a transaction is looked up.
public struct TransactionID: Hashable, Sendable, CustomStringConvertible {
    public let hash: Hash32
    public init(_ hash: Hash32) { self.hash = hash }
    public var description: String { hash.hex }
}

public struct DepositReceipt: Hashable, Sendable {
    /// `nil` when the deposit is known to be made, but not in which transaction.
    public let transaction: TransactionID?
    public let amount: Amount
    public let snapshot: ChannelSnapshot
    public init(transaction: TransactionID?, amount: Amount, snapshot: ChannelSnapshot) {
        self.transaction = transaction
        self.amount = amount
        self.snapshot = snapshot
    }
}

public struct ClaimReceipt: Hashable, Sendable {
    /// What became of one row.
    public enum Outcome: Hashable, Sendable {
        /// Booked: so much more than before.
        case claimed(Amount)
        /// As much or more was booked before.
        case alreadyClaimed
        case refused(SettlementError)
    }

    /// `nil` when nothing was booked, or when it is not known in which transaction.
    public let transaction: TransactionID?
    /// One for each row, in their order.
    public let outcomes: [Outcome]
    public init(transaction: TransactionID?, outcomes: [Outcome]) {
        self.transaction = transaction
        self.outcomes = outcomes
    }
}

public struct PayoutReceipt: Hashable, Sendable {
    /// `nil` when there was nothing to pay.
    public let transaction: TransactionID?
    /// `nil` when it was paid and nobody said how much.
    public let amount: Amount?
    public init(transaction: TransactionID?, amount: Amount?) {
        self.transaction = transaction
        self.amount = amount
    }
}

public struct RefundReceipt: Hashable, Sendable {
    /// `nil` when the refund is known to be made, but not in which transaction.
    public let transaction: TransactionID?
    /// What the payer got; zero when nothing was left.
    public let amount: Amount
    public let snapshot: ChannelSnapshot
    public init(transaction: TransactionID?, amount: Amount, snapshot: ChannelSnapshot) {
        self.transaction = transaction
        self.amount = amount
        self.snapshot = snapshot
    }
}
