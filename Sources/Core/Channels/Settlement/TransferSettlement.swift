// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// A settlement that moves money from account to account, by leave of whoever pays.
///
/// - Source: EIP-3009, `transferWithAuthorization`; x402's scheme `exact`.
public protocol TransferSettlement: SettlementView {
    /// Does all that ``transfer(_:)`` would, and takes it back: throws what that would throw.
    ///
    /// - Throws: Also ``SettlementError/authorizationUsed`` for a transfer that was made already.
    func checkTransfer(_ transfer: SignedTransfer) async throws(SettlementError)

    /// Moves the money. The same transfer a second time answers with the first receipt.
    func transfer(_ transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt

    /// What this very transfer got when it was made, however long ago; `nil` when it never was.
    func receipt(of transfer: SignedTransfer) async throws(SettlementError) -> TransferReceipt?
}

/// One sum that its payer lets anybody move to one receiver, once, in a span of time.
///
/// - Source: EIP-3009, `TransferWithAuthorization`.
public struct SignedTransfer: Hashable, Sendable {
    public var token: Address
    public var payer: Address
    public var receiver: Address
    public var amount: Amount
    /// Unix seconds; valid when the block's time is later.
    public var validAfter: UInt64
    /// Unix seconds; valid while the block's time is earlier.
    public var validBefore: UInt64
    /// The token takes each nonce of a payer once, be it for a transfer or for a deposit.
    public var nonce: Hash32
    public var signature: Signature

    public init(
        token: Address, payer: Address, receiver: Address, amount: Amount, validAfter: UInt64, validBefore: UInt64,
        nonce: Hash32, signature: Signature
    ) {
        self.token = token
        self.payer = payer
        self.receiver = receiver
        self.amount = amount
        self.validAfter = validAfter
        self.validBefore = validBefore
        self.nonce = nonce
        self.signature = signature
    }
}

public struct TransferReceipt: Hashable, Sendable {
    /// `nil` when the transfer is known to be made, but not in which transaction.
    public let transaction: TransactionID?
    public let amount: Amount

    public init(transaction: TransactionID?, amount: Amount) {
        self.transaction = transaction
        self.amount = amount
    }
}
