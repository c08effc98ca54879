// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a payment cannot be taken now although nothing is wrong with it: too much would be unclaimed.
///
/// What is unclaimed in all is the payee's secret, and is not told.
public enum UnclaimedRefusal: ExplainedError {
    case exceedsChannelCap(price: Amount, cap: Amount)
    case exceedsTotalCap

    public var code: String {
        switch self {
        case .exceedsChannelCap: "unclaimed.exceeds-channel-cap"
        case .exceedsTotalCap: "unclaimed.exceeds-total-cap"
        }
    }

    public var message: String {
        switch self {
        case .exceedsChannelCap(let price, let cap):
            "With \(price) more, above \(cap) would be unclaimed in this channel; nothing was charged."
        case .exceedsTotalCap:
            "As much is unclaimed as the payee allows itself; nothing was charged."
        }
    }

    public var remedy: String? { "Send the same payment again later." }
}
