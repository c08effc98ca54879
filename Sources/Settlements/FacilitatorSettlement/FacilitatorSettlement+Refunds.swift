// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingX402

extension FacilitatorSettlement {
    /// Gives unclaimed money back to the payer.
    ///
    /// - Parameter order: With the payer's voucher, which a facilitator wants to see.
    public func refund(_ order: RefundOrder) async throws(SettlementError) -> RefundReceipt {
        let channel = domain.channelID(of: order.terms)
        guard let payload = order.payload(of: channel), let voucher = order.voucher else {
            throw .refused(code: FacilitatorCode.refundPayload.rawValue, message: "a refund needs the payer's voucher")
        }
        let before = mirror[channel]
        let request = FacilitatorRequest(payload: payload, requirements: requirements(for: order.terms))
        // The nonce of an order that was carried out, and whose answer was lost, is used up, and its money is gone.
        return try await carryOut(
            request, of: channel, doneBefore: [.refundSimulation, .refundTransaction, .refundNoBalance],
            receipt: { response throws(SettlementError) in
                try await receipt(for: order, voucher, channel, response: response, before: before)
            },
            look: { isRefused throws(SettlementError) in
                try await look(for: order, voucher, channel, before, isRefused: isRefused)
            },
            refusal: { code, message in error(code, message) })
    }

    private func receipt(
        for order: RefundOrder, _ voucher: SignedCeiling, _ channel: ChannelID, response: SettleResponse,
        before: ChannelSnapshot?
    ) async throws(SettlementError) -> RefundReceipt {
        if let told = ChannelSnapshot(json: response.extra?["channelState"], of: channel, at: mirror.moment()) {
            mirror.take(told, of: channel)
            let amount = response.amount ?? before?.balance.subtracting(told.balance) ?? order.amount
            return RefundReceipt(transaction: response.transaction, amount: amount, snapshot: told)
        }
        let snapshot = try await emptied(order, channel, shown: voucher, before, isHinted: true)
        let amount = response.amount ?? before?.balance.subtracting(snapshot.balance) ?? order.amount
        return RefundReceipt(transaction: response.transaction, amount: amount, snapshot: snapshot)
    }

    /// Looks whether the refund was made after all: then the channel is past the order's nonce.
    private func look(
        for order: RefundOrder, _ voucher: SignedCeiling, _ channel: ChannelID, _ before: ChannelSnapshot?,
        isRefused: Bool
    ) async throws(SettlementError) -> RefundReceipt? {
        let snapshot: ChannelSnapshot
        do { snapshot = try await emptied(order, channel, shown: voucher, before, isHinted: isRefused) } catch {
            mirror.doubt(channel)
            throw error
        }
        guard snapshot.refundNonce > order.nonce else { return nil }
        let amount = before.map { $0.balance.clampedSubtracting(snapshot.balance) } ?? order.amount
        return RefundReceipt(transaction: nil, amount: amount, snapshot: snapshot)
    }

    /// The channel after a refund, of which too little may be left to show.
    ///
    /// A facilitator does not know channels that hold nothing, and does not tell of those that hold less than the
    /// voucher allows.
    ///
    /// - Parameter isHinted: Whether its answer to the order says, or lets suspect, that the refund was made. That
    ///   counts where it is not known how the channel stood before, because the node was started anew.
    private func emptied(
        _ order: RefundOrder, _ channel: ChannelID, shown voucher: SignedCeiling, _ before: ChannelSnapshot?,
        isHinted: Bool
    ) async throws(SettlementError) -> ChannelSnapshot {
        var snapshot: ChannelSnapshot
        switch try await read(channel, shown: voucher) {
        case .stands(let told): return told
        case .short(let rest):
            // Where it held enough before the order was given, something went out.
            guard before.map({ $0.balance >= voucher.ceiling }) ?? isHinted else { return rest }
            snapshot = rest
        case .absent:
            // What was claimed stays in the balance, so only a channel of which nothing was claimed can be empty.
            guard before?.totalClaimed.isZero != false else {
                throw unavailable("it lost sight of channel \(channel)")
            }
            snapshot = .unopened(at: mirror.moment())
        }
        snapshot.refundNonce = order.nonce &+ 1
        mirror.take(snapshot, of: channel)
        return snapshot
    }
}
