// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
internal import FarthingEncodings
public import FarthingPrimitives

extension EVMSettlement {
    /// Gives unclaimed money back to the payer at once, by leave of the payee's authorizer.
    public func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        let id = domain.channelID(of: order.terms)
        let expected = try await snapshot(of: id)?.refundNonce ?? 0
        guard order.nonce == expected else { throw .refundNonce(given: order.nonce, expected: expected) }
        let digest = domain.refundDigest(channel: id, nonce: order.nonce, amount: order.amount)
        guard order.signature.isBy(order.terms.receiverAuthorizer, over: digest) else { throw .refundSignature }
        guard !order.amount.isZero else { throw .zeroAmount }
        let mined = try await send(Calldata.refund(order), to: domain.contract)
        return RefundReceipt(
            transaction: mined.id, amount: mined.amount(of: Topics.refunded, at: domain.contract, for: id) ?? .zero,
            snapshot: try await snapshot(after: mined, of: id))
    }
}

/// How a payer gets its money back without the payee: it sends these itself, and pays for the gas.
extension EVMSettlement: WithdrawalSettlement {
    public func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        let id = domain.channelID(of: terms)
        try terms.checkWithdrawal(by: sender.address)
        guard !amount.isZero else { throw .nothingToWithdraw }
        let known = try await snapshot(of: id)
        guard known?.withdrawal == nil else { throw .withdrawalAlreadyPending }
        let available = known.map { $0.balance.clampedSubtracting($0.totalClaimed) } ?? .zero
        guard amount <= available else { throw .withdrawalExceedsAvailable(asked: amount, available: available) }
        let mined = try await send(
            Calldata.initiateWithdraw(terms, amount: amount), to: domain.contract, by: sender)
        return WithdrawalReceipt(
            transaction: mined.id, amount: amount, snapshot: try await snapshot(after: mined, of: id))
    }

    public func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        let id = domain.channelID(of: terms)
        try terms.checkWithdrawal(by: sender.address)
        let known = try await snapshot(of: id)
        guard let known, let pending = known.withdrawal else { throw .withdrawalNotPending }
        let end = pending.requestedAt.advanced(bySeconds: Int64(clamping: terms.withdrawDelay))
        guard known.block.time >= end else { throw .withdrawDelayNotElapsed(until: end) }
        let mined = try await send(Calldata.finalizeWithdraw(terms), to: domain.contract, by: sender)
        return WithdrawalReceipt(
            transaction: mined.id,
            amount: mined.amount(of: Topics.withdrawFinalized, at: domain.contract, for: id) ?? .zero,
            snapshot: try await snapshot(after: mined, of: id))
    }
}

extension MinedTransaction {
    /// The first number in what a contract told of a channel.
    func amount(of topic: Hash32, at contract: Address, for channel: ChannelID) -> Amount? {
        logs.first {
            $0.contract == contract && $0.topics.first == topic && $0.topics.dropFirst().first == channel.hash
        }
        .flatMap { Topics.firstAmount($0.data) }
    }
}
