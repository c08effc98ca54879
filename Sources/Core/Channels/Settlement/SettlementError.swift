// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Why a ledger or a contract did not do what it was asked.
///
/// Nothing has moved when one of these is thrown, but for ``unavailable(reason:)`` and ``cancelled``: then nobody knows yet,
/// and it may still be done.
///
/// - Source: most cases are the custom errors of x402BatchSettlement and of EIP-3009 tokens.
public enum SettlementError: ExplainedError, Hashable {
    case invalidTerms
    case withdrawDelayOutOfRange(UInt64)
    case unknownToken(Address)
    /// Nobody could ever take money out of this account again.
    case invalidReceiver(Address)
    case zeroAmount
    case overflow
    /// `has` is `nil` when nobody said how much the account holds.
    case insufficientBalance(has: Amount?, needs: Amount)
    case authorizationNotYetValid(validAfter: UInt64, now: Instant)
    case authorizationExpired(validBefore: UInt64, now: Instant)
    case authorizationUsed
    case authorizationSignature
    case emptyBatch
    case mixedAuthorizers
    case claimSignature
    case voucherSignature
    case claimExceedsCeiling(total: Amount, ceiling: Amount)
    case claimExceedsBalance(total: Amount, balance: Amount)
    case refundNonce(given: UInt64, expected: UInt64)
    case refundSignature
    case nothingToWithdraw
    case withdrawalAlreadyPending
    case withdrawalExceedsAvailable(asked: Amount, available: Amount)
    case withdrawalNotPending
    case withdrawDelayNotElapsed(until: Instant)
    case notAuthorized(Address)
    /// A facilitator or a contract would not do it; `code` is the one that x402 has for it, `message` its own words.
    case refused(code: String, message: String?)
    /// The ledger or the node of the chain cannot be reached.
    case unavailable(reason: String)
    case cancelled

    public var code: String { "settlement.\(rule)" }

    private var rule: String {
        switch self {
        case .invalidTerms: "invalid-terms"
        case .withdrawDelayOutOfRange: "withdraw-delay-out-of-range"
        case .unknownToken: "unknown-token"
        case .invalidReceiver: "invalid-receiver"
        case .zeroAmount: "zero-amount"
        case .overflow: "overflow"
        case .insufficientBalance: "insufficient-balance"
        case .authorizationNotYetValid: "authorization-not-yet-valid"
        case .authorizationExpired: "authorization-expired"
        case .authorizationUsed: "authorization-used"
        case .authorizationSignature: "authorization-signature"
        case .emptyBatch: "empty-batch"
        case .mixedAuthorizers: "mixed-authorizers"
        case .claimSignature: "claim-signature"
        case .voucherSignature: "voucher-signature"
        case .claimExceedsCeiling: "claim-exceeds-ceiling"
        case .claimExceedsBalance: "claim-exceeds-balance"
        case .refundNonce: "refund-nonce"
        case .refundSignature: "refund-signature"
        case .nothingToWithdraw: "nothing-to-withdraw"
        case .withdrawalAlreadyPending: "withdrawal-already-pending"
        case .withdrawalExceedsAvailable: "withdrawal-exceeds-available"
        case .withdrawalNotPending: "withdrawal-not-pending"
        case .withdrawDelayNotElapsed: "withdraw-delay-not-elapsed"
        case .notAuthorized: "not-authorized"
        case .refused: "refused"
        case .unavailable: "unavailable"
        case .cancelled: "cancelled"
        }
    }

    public var message: String {
        switch self {
        case .invalidTerms: "The channel names nobody as payer, receiver, receiver's authorizer or token."
        case .withdrawDelayOutOfRange(let seconds): "A withdrawal delay of \(seconds) s is outside 900–2592000 s."
        case .unknownToken(let address): "There is no token at \(address)."
        case .invalidReceiver(let address): "No money can be sent to \(address)."
        case .zeroAmount: "The amount is zero."
        case .overflow: "The sum is more than 2^128 - 1."
        case .insufficientBalance(let has?, let needs): "The account holds \(has), and \(needs) is needed."
        case .insufficientBalance(nil, let needs): "The account holds less than the \(needs) that is needed."
        case .authorizationNotYetValid(let after, let now):
            "The authorisation is valid after \(after), and it is \(now.unixSeconds) (Unix seconds)."
        case .authorizationExpired(let before, let now):
            "The authorisation was valid before \(before), and it is \(now.unixSeconds) (Unix seconds)."
        case .authorizationUsed: "The authorisation was used before."
        case .authorizationSignature: "The authorisation is not signed by the payer."
        case .emptyBatch: "The batch has no row."
        case .mixedAuthorizers: "The rows of the batch have different authorizers."
        case .claimSignature: "The batch is not signed by the receiver's authorizer."
        case .voucherSignature: "The voucher is not signed by the payer's authorizer."
        case .claimExceedsCeiling(let total, let ceiling): "The claim totals \(total); the voucher allows \(ceiling)."
        case .claimExceedsBalance(let total, let balance): "The claim totals \(total); the channel holds \(balance)."
        case .refundNonce(let given, let expected): "The refund has nonce \(given); \(expected) is next."
        case .refundSignature: "The refund is not signed by the receiver's authorizer."
        case .nothingToWithdraw: "There is nothing to withdraw."
        case .withdrawalAlreadyPending: "A withdrawal is pending already."
        case .withdrawalExceedsAvailable(let asked, let available):
            "A withdrawal of \(asked) was asked for; \(available) is available."
        case .withdrawalNotPending: "No withdrawal is pending."
        case .withdrawDelayNotElapsed(let until): "The withdrawal may be made from \(until.unixSeconds) (Unix seconds)."
        case .notAuthorized(let account): "\(account) may not do this."
        case .refused(let code, let message?): "The settlement refuses: \(code), '\(message)'."
        case .refused(let code, nil): "The settlement refuses: \(code)."
        case .unavailable(let reason): "The settlement cannot be reached: \(reason.unended)."
        case .cancelled: "The work was cancelled before anything moved."
        }
    }

    public var remedy: String? {
        switch self {
        case .insufficientBalance: "Fund the account, or ask for less."
        case .authorizationExpired, .authorizationUsed: "Sign a new authorisation."
        case .refundNonce: "Read the channel again and sign with its nonce."
        case .unavailable: "Check the ledger's file, the chain's endpoint or the facilitator's address."
        default: nil
        }
    }
}
