// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

extension TwoWayChannel {
    /// Why a payment was refused; the channel is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        case notOpen(phase: String)
        /// The payer did not sign what came.
        case signature
        /// The state, or the end, is none to put our name to.
        case party(TwoWayParty.Refusal)
        /// The channel is to end, and the payer did not sign how.
        case closeUnsigned
        case purse(Purse.Refusal)
    }
}

extension TwoWayChannel.Refusal {
    public var code: String { "invalid_two_way_\(rule)" }

    private var rule: String {
        switch self {
        case .notOpen, .party(.notOpen): "channel_not_open"
        case .signature, .party(.foreign): "signature"
        case .party(let refusal): refusal.rule.replacing("-", with: "_")
        case .closeUnsigned: "close_unsigned"
        case .purse(.insufficient): "insufficient"
        case .purse(.busy): "channel_busy"
        case .purse(.reservationLost): "reservation_lost"
        case .purse(.chargeExceedsPrice), .purse(.creditExceedsCharged), .purse(.overflow): "charge"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .signature: "The channel's payer did not sign this."
        case .party(let refusal): refusal.message
        case .closeUnsigned: "The payer did not sign with which balances the channel ends."
        case .purse(let refusal): refusal.message
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen: "Open another channel."
        case .signature: nil
        case .party(let refusal): refusal.remedy
        case .closeUnsigned: "Send the balances with a signature over the close."
        case .purse(let refusal): refusal.remedy
        }
    }

    /// Whether the payer's books differ from ours, so that it helps to show ours.
    public var callsForCorrection: Bool {
        switch self {
        case .purse(.insufficient), .party(.stale), .party(.nonceTaken), .party(.tooLittle): true
        default: false
        }
    }
}
