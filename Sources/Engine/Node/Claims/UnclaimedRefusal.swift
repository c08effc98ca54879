// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Why a payment cannot be taken now although nothing is wrong with it: too much would be unclaimed, or cannot be claimed.
///
/// What is unclaimed in all is the payee's secret, and is not told.
public enum UnclaimedRefusal: ExplainedError {
    case exceedsChannelCap(price: Amount, cap: Amount)
    case exceedsTotalCap
    /// The settlement refused to book what was earned in the channel, and has booked nothing of it since.
    case claimRefused

    public var code: String {
        switch self {
        case .exceedsChannelCap: "unclaimed.exceeds-channel-cap"
        case .exceedsTotalCap: "unclaimed.exceeds-total-cap"
        case .claimRefused: "unclaimed.claim-refused"
        }
    }

    public var message: String {
        switch self {
        case .exceedsChannelCap(let price, let cap):
            "With \(price) more, above \(cap) would be unclaimed in this channel; nothing was charged."
        case .exceedsTotalCap:
            "As much is unclaimed as the payee allows itself; nothing was charged."
        case .claimRefused:
            "What was charged in this channel before could not be claimed; nothing more is charged until it is."
        }
    }

    public var remedy: String? {
        switch self {
        case .exceedsChannelCap, .exceedsTotalCap: "Send the same payment again later."
        case .claimRefused: "Open another channel, or let the payee look into this one."
        }
    }
}
