// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import Testing

/// Answers recorded requests with a channel of ours, beside a ledger that does what the recording says it did.
struct RecordedPayee {
    private var channel: VoucherChannel?
    private var lastID: UInt64 = 0
    private var height: UInt64 = 0

    /// What this room contributes to an answer.
    struct Answer: Equatable {
        var error: String?
        var channelState: JSON?
        var voucherState: JSON?
        var charged: Amount?
        var settled: Amount?
    }

    /// - Parameter recorded: The answer on record, from which the ledger's part of ours is taken.
    mutating func answer(_ payment: JSON, recorded: JSON) throws -> Answer {
        let payload = try VoucherPayload(try payment.at("payload"))
        let offer = try RecordedOffer(try payment.at("accepted"))
        let (voucher, deposit) = try offer.check(payload, at: Self.when(payload, offer))
        var channel =
            self.channel
            ?? VoucherChannel(
                id: offer.domain.channelID(of: payload.terms), terms: payload.terms,
                ledger: .unopened(at: Block(height: 0, time: noon)))
        // Once the channel is known, the voucher is checked against its signer's key.
        if self.channel != nil { #expect(try channel.verify(payload, in: offer.domain) == voucher) }
        defer { self.channel = channel }

        lastID += 1
        let id = ReservationID(lastID)
        do throws(VoucherChannel.Refusal) {
            if case .refund(_, _, let amount) = payload {
                let amount = amount.flatMap { Amount(wire: $0) }
                let effects = try channel.apply(.refundAsked(id, voucher, amount: amount))
                guard case .submitRefund(let amount, _, id)? = effects.first else { return Answer(error: "no refund") }
                _ = try channel.apply(.refunded(id, try told(by: recorded)))
                return Answer(channelState: channel.channelState, settled: amount)
            }
            let before = channel.charged
            let reservation = VoucherChannel.Reservation(
                id: id, voucher: voucher, price: offer.price, deposit: deposit, until: noon.advanced(bySeconds: 60))
            _ = try channel.apply(.paymentArrived(reservation, at: noon))
            for case .submitDeposit in try channel.apply(.served(id, price: offer.price, at: noon)) {
                _ = try channel.apply(.deposited(id, try told(by: recorded), charging: true, at: noon))
            }
            return Answer(
                channelState: channel.channelState, charged: channel.charged.subtracting(before),
                settled: deposit?.amount)
        } catch {
            return Answer(
                error: error.code, channelState: error.callsForCorrection ? channel.channelState : nil,
                voucherState: error.callsForCorrection ? channel.voucherState : nil)
        }
    }

    /// The recorded deposits were signed `timeout` seconds before they end.
    private static func when(_ payload: VoucherPayload, _ offer: RecordedOffer) -> Instant {
        guard case .deposit(_, _, let deposit) = payload else { return noon }
        return Instant(unixSeconds: Int64(clamping: deposit.validBefore - offer.timeout))
    }

    /// The ledger after a deposit or a refund.
    private mutating func told(by recorded: JSON) throws(VoucherChannel.Refusal) -> ChannelSnapshot {
        height += 1
        do {
            let state = try recorded.at("payment-response.extra.channelState")
            return ChannelSnapshot(
                balance: try state.amount("balance"), totalClaimed: try state.amount("totalClaimed"),
                refundNonce: try state.integer("refundNonce"), block: Block(height: height, time: noon))
        } catch {
            throw .channelNotFound
        }
    }
}
