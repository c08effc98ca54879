// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// The contract as far as one channel can tell: who owns what, and what is refused.
///
/// - Source: x402BatchSettlement, in its order of checks; the signatures are taken as checked.
struct ModelLedger {
    static let delay: Int64 = 900

    private(set) var wallet: UInt128
    private(set) var balance: UInt128 = 0
    private(set) var claimed: UInt128 = 0
    private(set) var settled: UInt128 = 0
    /// What the contract holds of the token: the money in the channel and the receiver's that was not paid out.
    private(set) var held: UInt128 = 0
    private(set) var withdrawal: PendingWithdrawal?
    private(set) var refundNonce: UInt64 = 0
    private(set) var now = noon
    private var height: UInt64 = 1
    private var receipts: [Hash32: ChannelSnapshot] = [:]

    init(wallet: UInt128) { self.wallet = wallet }

    /// All the money there is, wherever it lies.
    var total: UInt128 { wallet + held + settled }

    /// Whether what is held is what the books say.
    var isBalanced: Bool { held == balance - claimed + claimed - settled && claimed <= balance && settled <= claimed }

    var snapshot: ChannelSnapshot {
        ChannelSnapshot(
            balance: Amount(units: balance), totalClaimed: Amount(units: claimed), withdrawal: withdrawal,
            refundNonce: refundNonce, block: Block(height: height, time: now))
    }

    /// Whether a deposit with this salt was ever locked.
    func isLocked(_ salt: Hash32) -> Bool { receipts[salt] != nil }

    mutating func pass(seconds: Int64) { now = now.advanced(bySeconds: seconds) }

    // MARK: - What the payee submits

    /// Throws what ``deposit(_:)`` would, for an authorisation that was used as well.
    func check(_ deposit: SignedDeposit) throws(SettlementError) {
        guard !isLocked(deposit.authorization.salt) else { throw .authorizationUsed }
        let validBefore = deposit.authorization.validBefore
        guard UInt64(clamping: now.unixSeconds) < validBefore else {
            throw .authorizationExpired(validBefore: validBefore, now: now)
        }
        guard deposit.amount.units <= wallet else {
            throw .insufficientBalance(has: Amount(units: wallet), needs: deposit.amount)
        }
        guard !deposit.amount.isZero else { throw .zeroAmount }
    }

    /// Answers the same deposit again with the same receipt.
    mutating func deposit(_ deposit: SignedDeposit) throws(SettlementError) -> ChannelSnapshot {
        if let receipt = receipts[deposit.authorization.salt] { return receipt }
        try check(deposit)
        wallet -= deposit.amount.units
        held += deposit.amount.units
        balance += deposit.amount.units
        height += 1
        receipts[deposit.authorization.salt] = snapshot
        return snapshot
    }

    mutating func claim(_ row: ClaimRow) throws(SettlementError) {
        guard row.total.units > claimed else { return }
        guard row.total <= row.ceiling else { throw .claimExceedsCeiling(total: row.total, ceiling: row.ceiling) }
        guard row.total.units <= balance else {
            throw .claimExceedsBalance(total: row.total, balance: Amount(units: balance))
        }
        claimed = row.total.units
        height += 1
    }

    mutating func settle() {
        held -= claimed - settled
        settled = claimed
        height += 1
    }

    /// Answers the same order again with what became of it.
    mutating func refund(_ amount: Amount, nonce: UInt64) throws(SettlementError) -> ChannelSnapshot {
        guard nonce == refundNonce else {
            guard nonce < refundNonce else { throw .refundNonce(given: nonce, expected: refundNonce) }
            return snapshot
        }
        refundNonce += 1
        let paid = min(amount.units, balance - claimed)
        payOut(paid)
        if let pending = withdrawal {
            let rest = pending.amount.clampedSubtracting(Amount(units: paid))
            withdrawal = rest.isZero ? nil : PendingWithdrawal(amount: rest, requestedAt: pending.requestedAt)
        }
        return snapshot
    }

    // MARK: - What the payer does on its own

    mutating func initiateWithdrawal(_ amount: UInt128) throws(SettlementError) {
        guard amount > 0 else { throw .nothingToWithdraw }
        guard withdrawal == nil else { throw .withdrawalAlreadyPending }
        guard amount <= balance - claimed else {
            throw .withdrawalExceedsAvailable(
                asked: Amount(units: amount), available: Amount(units: balance - claimed))
        }
        withdrawal = PendingWithdrawal(amount: Amount(units: amount), requestedAt: now)
        height += 1
    }

    mutating func finalizeWithdrawal() throws(SettlementError) {
        guard let pending = withdrawal else { throw .withdrawalNotPending }
        let end = pending.requestedAt.advanced(bySeconds: Self.delay)
        guard now >= end else { throw .withdrawDelayNotElapsed(until: end) }
        withdrawal = nil
        payOut(min(pending.amount.units, balance - claimed))
    }

    private mutating func payOut(_ amount: UInt128) {
        held -= amount
        balance -= amount
        wallet += amount
        height += 1
    }
}
