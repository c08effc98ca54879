// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension HashChainChannel {
    /// Why a payment was refused; the channel is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        // The channel.
        case notOpen(phase: String)
        case expiring(at: UInt64, now: Instant, margin: Int64)
        // The step.
        case beyondEnd(index: UInt32, count: UInt32)
        case strideTooLong(steps: UInt32, longest: UInt32)
        case foreignStep(index: UInt32)
        /// Others than the payer may know the step that asks for the close.
        case closeUnproven(shown: UInt32, least: UInt32)
        // The money.
        case purse(Purse.Refusal)
    }
}

extension HashChainChannel.Refusal {
    public var code: String { "invalid_hash_chain_\(rule)" }

    private var rule: String {
        switch self {
        case .notOpen: "channel_not_open"
        case .expiring: "channel_expiring"
        case .beyondEnd: "step_beyond_end"
        case .strideTooLong: "stride_too_long"
        case .foreignStep: "foreign_step"
        case .closeUnproven: "close_unproven"
        case .purse(.insufficient): "insufficient"
        case .purse(.busy): "channel_busy"
        case .purse(.reservationLost): "reservation_lost"
        case .purse(.chargeExceedsPrice), .purse(.creditExceedsCharged), .purse(.overflow): "charge"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .expiring(let at, let now, let margin):
            "The channel expires at \(at), it is \(now.unixSeconds) (Unix seconds), and \(margin) s are kept to redeem."
        case .beyondEnd(let index, let count): "Step \(index) is beyond the chain's \(count) steps."
        case .strideTooLong(let steps, let longest): "The payment goes \(steps) steps at once; \(longest) is the most."
        case .foreignStep(let index): "What is said to be step \(index) is not on the channel's chain."
        case .closeUnproven(let shown, let least):
            "Step \(shown) does not show who asks for the close; step \(least) does, or one after it."
        case .purse(let refusal): refusal.message
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen, .expiring, .beyondEnd: "Open another channel."
        case .strideTooLong: "Reveal fewer steps at once."
        case .closeUnproven: "Show the step that was revealed last, or the next one where that was redeemed already."
        case .purse(let refusal): refusal.remedy
        default: nil
        }
    }

    /// Whether the payer's books differ from ours, so that it helps to show ours.
    public var callsForCorrection: Bool {
        switch self {
        case .purse(.insufficient): true
        default: false
        }
    }
}
