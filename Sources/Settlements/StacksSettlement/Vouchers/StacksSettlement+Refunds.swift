// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
internal import FarthingStacks

extension StacksSettlement {
    /// Gives unclaimed money back to the payer at once, by leave of the payee's authorizer.
    public func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        guard !order.amount.isZero else { throw .zeroAmount }
        let channel = domain.channelID(of: order.terms)
        let before = try await snapshot(of: channel)
        let expected = before?.refundNonce ?? 0
        guard order.nonce == expected else { throw .refundNonce(given: order.nonce, expected: expected) }
        let digest = domain.refundDigest(channel: channel, nonce: order.nonce, amount: order.amount)
        guard order.signature.isBy(order.terms.receiverAuthorizer, over: digest, as: .hash160) else {
            throw .refundSignature
        }
        let contract = registry.vouchers
        let call = contract.call(
            "refund",
            [
                .buffer(channel.hash.bytes), .uint(order.amount.units), .uint(UInt128(order.nonce)),
                .some(.buffer(order.signature.rsv)), contract.token(order.terms.token),
            ])
        let (id, answer) = try await carryOut(
            call, moves: Self.atMost(order.amount, of: order.terms.token, from: contract))
        guard let given = answer.number else { throw Self.failure(answer) }
        let after = try await known(channel)
        guard after.refundNonce > order.nonce else { throw Self.unseen }
        return RefundReceipt(transaction: id, amount: Amount(units: given), snapshot: after)
    }

    /// A channel that something was just done with.
    private func known(_ channel: ChannelID) async throws(SettlementError) -> ChannelSnapshot {
        guard let snapshot = try await snapshot(of: channel) else {
            throw .unavailable(reason: "the channel is not in the node's chain")
        }
        return snapshot
    }
}

/// How a payer gets its money back without the payee: it sends these itself, and pays their fees.
extension StacksSettlement: WithdrawalSettlement {
    public func initiateWithdraw(
        _ terms: ChannelTerms, amount: Amount, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        guard !amount.isZero else { throw .nothingToWithdraw }
        let channel = domain.channelID(of: terms)
        try terms.checkWithdrawal(by: sender.address)
        let contract = registry.vouchers
        let call = contract.call("initiate-withdraw", [.buffer(channel.hash.bytes), .uint(amount.units)])
        let (id, answer) = try await carryOut(call, by: sender)
        guard answer.isOK else { throw Self.failure(answer) }
        return WithdrawalReceipt(transaction: id, amount: amount, snapshot: try await known(channel))
    }

    public func finalizeWithdraw(
        _ terms: ChannelTerms, by sender: any Signer
    ) async throws(SettlementError) -> WithdrawalReceipt {
        let channel = domain.channelID(of: terms)
        try terms.checkWithdrawal(by: sender.address)
        guard let pending = try await snapshot(of: channel)?.withdrawal else { throw .withdrawalNotPending }
        let end = pending.requestedAt.advanced(bySeconds: Int64(clamping: terms.withdrawDelay))
        guard clock() >= end else { throw .withdrawDelayNotElapsed(until: end) }
        let contract = registry.vouchers
        let call = contract.call(
            "finalize-withdraw", [.buffer(channel.hash.bytes), contract.token(terms.token)])
        let (id, answer) = try await carryOut(
            call, moves: Self.atMost(pending.amount, of: terms.token, from: contract), by: sender)
        guard let given = answer.number else { throw Self.failure(answer) }
        let after = try await known(channel)
        guard after.withdrawal != pending else { throw Self.unseen }
        return WithdrawalReceipt(transaction: id, amount: Amount(units: given), snapshot: after)
    }
}
