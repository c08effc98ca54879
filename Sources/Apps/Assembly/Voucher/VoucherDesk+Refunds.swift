// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingHTTP402
import FarthingNode
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

extension VoucherDesk {
    func refund(
        _ channel: ChannelID, _ voucher: Voucher, _ text: String?, payer: Address, for offer: PaymentRequirements,
        shown: SignedCeiling, opening: VoucherChannel?
    ) async throws -> Admission {
        do {
            try await reader.refresh(channel, shown, opening: opening)
            let amount = text.map { Amount(wire: $0) ?? .zero }
            let id = reservations.next()
            let asked = VoucherChannel.Event.refundAsked(id, voucher, amount: amount)
            if let refundTurns, var copy = try await engine.state(of: channel) ?? opening {
                // What the channel refuses costs nothing, and is not counted.
                for case .submitRefund(let amount, _, _) in try copy.apply(asked) {
                    try refundTurns.take(
                        payer, amount, of: copy.refundable, least: leastDeposit(for: offer.amount), at: clock())
                }
            }
            let applied = try await engine.apply(asked, to: channel, opening: opening)
            guard let effect = applied.effects.first else { throw EngineError.unknownChannel(channel) }
            let receipt = try await effects.refund(effect, of: channel)
            let state = try await engine.state(of: channel)
            return .settled(
                SettleResponse(
                    success: true, payer: payer, transaction: receipt.transaction, network: settlement.domain.network,
                    amount: receipt.amount, extra: state.map { ["channelState": $0.channelState] }),
                body: ["message": "Refund acknowledged", "channelId": .string("\(channel)")])
        } catch let refusal as VoucherChannel.Refusal where !refusal.callsForCorrection {
            return .settled(failure(refusal, payer: payer), body: [:])
        }
    }

    func failure(_ refusal: VoucherChannel.Refusal, payer: Address) -> SettleResponse {
        SettleResponse(
            success: false, errorReason: refusal.code, errorMessage: refusal.description, payer: payer,
            network: settlement.domain.network)
    }
}
