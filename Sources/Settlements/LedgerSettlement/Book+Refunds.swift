// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

extension Book {
    /// Gives unclaimed money back by leave of the payee's side.
    func refund(_ order: RefundOrder) throws -> RefundReceipt {
        let terms = order.terms
        let id = domain.channelID(of: terms)
        let nonce = try refundNonce(of: id)
        guard order.nonce == nonce else { throw SettlementError.refundNonce(given: order.nonce, expected: nonce) }
        let digest = domain.refundDigest(channel: id, nonce: order.nonce, amount: order.amount)
        guard order.signature.isBy(terms.receiverAuthorizer, over: digest) else {
            throw SettlementError.refundSignature
        }
        guard !order.amount.isZero else { throw SettlementError.zeroAmount }

        let posting = posting("refund", digest.bytes + order.signature.bytes)
        try seal(posting)
        // Even when nothing is paid: the same order must never pay later.
        try setRefundNonce(nonce + 1, of: id)
        var channel = try channel(id) ?? Channel(id: id, terms: terms)
        let amount = min(order.amount, channel.available)
        if !amount.isZero {
            channel.withdrawal = channel.withdrawal.flatMap { $0.reduced(by: amount) }
            try pay(amount, outOf: &channel)
            try append(.refunded(id, amount: amount), to: posting)
            try closeIfEmpty(channel, in: posting)
        }
        return RefundReceipt(
            transaction: posting.transaction, amount: amount, snapshot: try snapshot(of: channel, in: posting.block))
    }

    // MARK: - Withdrawals

    /// Tells everybody that the payer wants money back: from now on the payee has the channel's delay to claim.
    func initiateWithdraw(_ terms: ChannelTerms, amount: Amount, by sender: Address) throws -> WithdrawalReceipt {
        try checkPayer(sender, of: terms)
        let id = domain.channelID(of: terms)
        guard !amount.isZero else { throw SettlementError.nothingToWithdraw }
        guard var channel = try channel(id) else {
            throw SettlementError.withdrawalExceedsAvailable(asked: amount, available: .zero)
        }
        guard channel.withdrawal == nil else { throw SettlementError.withdrawalAlreadyPending }
        guard amount <= channel.available else {
            throw SettlementError.withdrawalExceedsAvailable(asked: amount, available: channel.available)
        }
        let posting = posting("initiateWithdraw", id.hash.bytes + sender.bytes + Array(amount.column))
        try seal(posting)
        let withdrawal = PendingWithdrawal(amount: amount, requestedAt: posting.block.time)
        channel.withdrawal = withdrawal
        try save(channel)
        let end = withdrawal.end(under: terms)
        try append(.withdrawInitiated(id, amount: amount, finalizeAfter: end), to: posting)
        return WithdrawalReceipt(
            transaction: posting.transaction, amount: amount, snapshot: try snapshot(of: channel, in: posting.block))
    }

    /// Pays what the payer asked for, or what the payee left of it.
    func finalizeWithdraw(_ terms: ChannelTerms, by sender: Address) throws -> WithdrawalReceipt {
        try checkPayer(sender, of: terms)
        let id = domain.channelID(of: terms)
        guard var channel = try channel(id), let withdrawal = channel.withdrawal else {
            throw SettlementError.withdrawalNotPending
        }
        let end = withdrawal.end(under: terms)
        guard head.time >= end else { throw SettlementError.withdrawDelayNotElapsed(until: end) }
        let posting = posting("finalizeWithdraw", id.hash.bytes + sender.bytes)
        try seal(posting)
        let amount = min(withdrawal.amount, channel.available)
        channel.withdrawal = nil
        try pay(amount, outOf: &channel)
        try append(.withdrawFinalized(id, amount: amount), to: posting)
        try closeIfEmpty(channel, in: posting)
        return WithdrawalReceipt(
            transaction: posting.transaction, amount: amount, snapshot: try snapshot(of: channel, in: posting.block))
    }

    // MARK: - Steps

    /// The zero address may stand for "no authorizer" in the terms, and is nobody who could ask.
    private func checkPayer(_ sender: Address, of terms: ChannelTerms) throws {
        guard sender != .zero, sender == terms.payer || sender == terms.payerAuthorizer else {
            throw SettlementError.notAuthorized(sender)
        }
    }

    private func pay(_ amount: Amount, outOf channel: inout Channel) throws {
        guard let rest = channel.balance.subtracting(amount) else {
            throw LedgerFault(reason: "the channel \(channel.id) is to pay \(amount), and holds less")
        }
        channel.balance = rest
        try save(channel)
        guard !amount.isZero else { return }
        try move(amount, of: channel.terms.token, from: domain.contract, to: channel.terms.payer)
    }

    private func closeIfEmpty(_ channel: Channel, in posting: Posting) throws {
        guard channel.isEmpty else { return }
        try append(.channelClosed(channel.id), to: posting)
    }
}

extension PendingWithdrawal {
    /// From when on it may be paid.
    func end(under terms: ChannelTerms) -> Instant {
        requestedAt.advanced(bySeconds: Int64(clamping: terms.withdrawDelay))
    }

    /// What is left to withdraw after a refund; `nil` when nothing is.
    func reduced(by amount: Amount) -> PendingWithdrawal? {
        guard let rest = self.amount.subtracting(amount), !rest.isZero else { return nil }
        return PendingWithdrawal(amount: rest, requestedAt: requestedAt)
    }
}
