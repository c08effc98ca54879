// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension VoucherChannel {
    /// How the channel stands, as a payer is told in answers and in corrective 402s.
    ///
    /// - Source: x402 v2, scheme `batch-settlement`, `channelState`.
    public var channelState: JSON {
        [
            "channelId": .string("\(id)"),
            "balance": .string("\(ledger.balance)"),
            "totalClaimed": .string("\(ledger.totalClaimed)"),
            "withdrawRequestedAt": .number(JSON.Number(ledger.withdrawal?.requestedAt.unixSeconds ?? 0)),
            "refundNonce": .string("\(ledger.refundNonce)"),
            "chargedCumulativeAmount": .string("\(charged)"),
        ]
    }

    /// The last voucher that was accepted: the payer's own proof of what it signed.
    ///
    /// `nil` before the first.
    public var voucherState: JSON? {
        best.map { ["signedMaxClaimable": .string("\($0.ceiling)"), "signature": .string($0.signature.hex)] }
    }
}
