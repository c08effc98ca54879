// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingPrimitives
import FarthingVoucherScheme
import FarthingX402

/// A payee's books as a corrective 402 shows them: its word, of which only the voucher is proof.
///
/// - Source: x402 v2, scheme `batch-settlement` on EVM, `channelState` and `voucherState`.
struct PayeeBooks: Hashable, Sendable {
    let charged: Amount
    let balance: Amount?
    let voucher: UnverifiedVoucher?

    /// Finds the books of one channel.
    ///
    /// - Parameter offer: Only an entry for the same network and receiver is looked at.
    /// - Returns: `nil` when they are not there, or not readable.
    init?(in demand: ReceivedDemand, for channel: ChannelID, like offer: PaymentRequirements) {
        let states = demand.offers.map(\.requirements).filter {
            $0.scheme == offer.scheme && $0.network == offer.network && $0.payTo == offer.payTo
        }
        guard
            let extra = states.lazy.map(\.extra).first(where: { extra in
                extra["channelState"]?["channelId"]?.stringValue.flatMap(ChannelID.init(hex:)) == channel
            }), let state = extra["channelState"],
            let charged = state["chargedCumulativeAmount"]?.stringValue.flatMap(Amount.init(wire:))
        else { return nil }
        self.charged = charged
        balance = state["balance"]?.stringValue.flatMap(Amount.init(wire:))
        voucher = extra["voucherState"].flatMap { shown in
            guard let ceiling = shown["signedMaxClaimable"]?.stringValue.flatMap(Amount.init(wire:)),
                let signature = shown["signature"]?.stringValue.flatMap(Hex.decode)
            else { return nil }
            return UnverifiedVoucher(channel: channel, ceiling: ceiling, signature: signature)
        }
    }

    /// Endings of the codes that say that the ledger is not what we believe.
    static let refusalsAboutTheLedger = [
        "channel_not_found", "cumulative_exceeds_balance", "cumulative_below_claimed", "deposit_simulation_failed",
        "insufficient_balance",
    ]
}
