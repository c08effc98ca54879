// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension VoucherChannel {
    /// Checks that a payload is for this channel, and that the channel's signer made its voucher.
    ///
    /// - Throws: ``Refusal/channelIDMismatch(sent:computed:)`` or ``Refusal/voucherSignature(_:)``.
    public func verify(_ payload: VoucherPayload, in domain: SettlementDomain) throws(Refusal) -> Voucher {
        guard payload.voucher.channel == id, payload.terms == terms else {
            throw .channelIDMismatch(sent: payload.voucher.channel, computed: domain.channelID(of: payload.terms))
        }
        return try payload.voucher.verified(by: signer, under: terms, in: domain)
    }

    /// Whether a payer counts as we do: its voucher goes exactly one price above what was charged.
    ///
    /// - Throws: ``Refusal/cumulativeMismatch(signed:charged:price:)``.
    public func checkBooks(_ voucher: Voucher, price: Amount) throws(Refusal) {
        guard let expected = charged.adding(price), voucher.ceiling == expected else {
            throw .cumulativeMismatch(signed: voucher.ceiling, charged: charged, price: price)
        }
    }

    /// What a voucher must say to pay for a request, in the order in which x402 checks it.
    func check(_ reservation: Reservation) throws(Refusal) {
        try checkBooks(reservation.voucher, price: reservation.price)
        try checkLedger(reaching: reservation.voucher.ceiling, with: reservation.deposit)
    }

    /// Whether the ledger covers a sum, and the sum proves more than was claimed.
    func checkLedger(reaching sum: Amount, with deposit: SignedDeposit?) throws(Refusal) {
        guard !ledger.balance.isZero || deposit != nil else { throw .channelNotFound }
        let limit = self.limit.adding(deposit?.amount ?? .zero) ?? .max
        guard sum <= limit else { throw .exceedsBalance(signed: sum, balance: limit) }
        guard sum > ledger.totalClaimed else { throw .belowClaimed(signed: sum, claimed: ledger.totalClaimed) }
    }

    /// Adds to what was charged.
    ///
    /// Credit from an earlier failed delivery is used up first.
    mutating func charge(
        _ price: Amount, on voucher: Voucher, isAhead: Bool = false, at now: Instant
    ) throws(Refusal) {
        let fromCredit = min(credit, price)
        let added = price.clampedSubtracting(fromCredit)
        guard let sum = charged.adding(added), sum <= voucher.ceiling else {
            throw .chargeExceedsCeiling(charge: price, ceiling: voucher.ceiling)
        }
        charged = sum
        lastCharge = added
        credit = credit.clampedSubtracting(fromCredit)
        if !isAhead { seen.raise(to: voucher.ceiling, over: floor) }
        best = voucher
        lastPaidAt = now
    }

    /// Takes in that a deposit is locked, and charges what it was made for unless `price` is `nil`.
    mutating func lock(
        _ snapshot: ChannelSnapshot, for reservation: Reservation, price: Amount?, at now: Instant
    ) throws(Refusal) -> [Effect] {
        var next = self
        if let price { try next.charge(price, on: reservation.voucher, at: now) }
        let effects = next.observe(snapshot)
        // A settlement answers the same deposit again with the same receipt, and that locks nothing new.
        guard price == nil || next.charged <= next.ledger.balance else {
            throw .exceedsBalance(signed: reservation.voucher.ceiling, balance: next.ledger.balance)
        }
        next.phase = .idle
        self = next
        return effects.isEmpty && earnedIsAtRisk ? [.claim] : effects
    }

    func checkRefund(
        _ id: ReservationID, _ voucher: Voucher, _ amount: Amount?
    ) throws(Refusal) -> Refund {
        guard voucher.ceiling == charged else {
            throw .cumulativeMismatch(signed: voucher.ceiling, charged: charged, price: .zero)
        }
        guard !ledger.balance.isZero else { throw .channelNotFound }
        guard amount != .zero else { throw .refundAmountInvalid }
        let asked = amount ?? refundable
        guard !refundable.isZero, asked <= refundable else {
            throw .refundNoBalance(asked: amount, refundable: refundable)
        }
        return Refund(id: id, amount: asked, nonce: ledger.refundNonce)
    }

    /// Takes in what the ledger says, unless something newer is known.
    mutating func observe(_ snapshot: ChannelSnapshot) -> [Effect] {
        guard snapshot.block.height >= ledger.block.height else { return [] }
        let isNewWithdrawal = snapshot.withdrawal != nil && snapshot.withdrawal != ledger.withdrawal
        ledger = snapshot
        // A claim may have been made by somebody else who holds our vouchers and the authorizer's key.
        charged = max(charged, snapshot.totalClaimed)
        return isNewWithdrawal && !claimable.isZero ? [.claim] : []
    }

    /// Whether a pending withdrawal would take out what was earned.
    ///
    /// New vouchers cannot bring that about, as ``limit`` holds them down; a request that was let in before the
    /// withdrawal was seen can.
    var earnedIsAtRisk: Bool { ledger.withdrawal != nil && earned > max(limit, ledger.totalClaimed) }

    /// What a claim would book now: what was earned, was not claimed, and is still there.
    public var unclaimed: Amount { min(earned, ledger.balance).clampedSubtracting(ledger.totalClaimed) }

    /// The line that claims what was earned, or `nil` when nothing new was.
    ///
    /// It asks for no more than the channel holds, although more may have been earned while nobody watched a
    /// payer take its money out: a row above the balance would get nothing.
    public func claimRow(in domain: SettlementDomain) -> ClaimRow? {
        let total = min(earned, ledger.balance)
        guard total > ledger.totalClaimed, let best else { return nil }
        return ClaimRow(
            terms: terms, ceiling: best.ceiling, signature: best.claimable(of: id, in: domain), total: total)
    }
}
