// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingEncodings
import FarthingPrimitives

extension ChannelSnapshot {
    /// Reads how a facilitator says that a channel stands.
    ///
    /// It tells since when a withdrawal is pending, not of how much: it counts as one of all that is not claimed.
    ///
    /// - Parameters:
    ///   - channel: Whose state is expected.
    ///   - block: When it was asked.
    /// - Returns: `nil` when a member is missing or malformed, or when it is another channel's.
    /// - Source: x402 v2, scheme `batch-settlement` on EVM, `extra` of `/verify` and `extra.channelState` of `/settle`.
    public init?(json: JSON?, of channel: ChannelID, at block: Block) {
        guard let json, json.members != nil,
            let balance = json["balance"]?.stringValue.flatMap(Amount.init(wire:)),
            let claimed = json["totalClaimed"]?.stringValue.flatMap(Amount.init(wire:)), claimed <= balance,
            let nonce = Self.number(json["refundNonce"]),
            let requested = Self.number(json["withdrawRequestedAt"] ?? 0)
        else { return nil }
        if let id = json["channelId"] {
            guard id.stringValue.flatMap(ChannelID.init(hex:)) == channel else { return nil }
        }
        self.init(balance: balance, totalClaimed: claimed, refundNonce: nonce, block: block)
        if requested > 0 {
            withdrawal = PendingWithdrawal(
                amount: balance.clampedSubtracting(claimed),
                requestedAt: Instant(unixSeconds: Int64(clamping: requested)))
        }
    }

    /// Peers differ in what they write as a number and what as text.
    private static func number(_ json: JSON?) -> UInt64? {
        if let number = json?.integerValue { return UInt64(exactly: number) }
        return json?.stringValue.flatMap(Amount.init(wire:)).flatMap { UInt64(exactly: $0.units) }
    }

    /// The state as a facilitator tells it.
    public func json(of channel: ChannelID) -> JSON {
        [
            "channelId": .string("\(channel)"), "balance": .string("\(balance)"),
            "totalClaimed": .string("\(totalClaimed)"),
            "withdrawRequestedAt": .integer(withdrawal?.requestedAt.unixSeconds ?? 0),
            "refundNonce": .string("\(refundNonce)"),
        ]
    }
}
