// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension ChannelTerms {
    /// `ChannelConfig` as it travels.
    ///
    /// - Source: x402 v2, scheme `batch-settlement` on EVM, `channelConfig`.
    public var json: JSON {
        [
            "payer": .string(payer.checksummed), "payerAuthorizer": .string(payerAuthorizer.checksummed),
            "receiver": .string(receiver.checksummed), "receiverAuthorizer": .string(receiverAuthorizer.checksummed),
            "token": .string(token.checksummed), "withdrawDelay": .number(JSON.Number(Int64(clamping: withdrawDelay))),
            "salt": .string(salt.hex),
        ]
    }
}
