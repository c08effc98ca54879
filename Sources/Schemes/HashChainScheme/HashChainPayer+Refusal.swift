// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

extension HashChainPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        case purse(PayerPurse.Refusal)
        case strideTooLong(steps: UInt32, longest: UInt32)
        /// What the payee says cannot be.
        case overstatedSteps(revealed: UInt32, most: UInt32)
    }
}

extension HashChainPayer.Refusal {
    public var code: String {
        switch self {
        case .purse(let refusal): refusal.code
        case .strideTooLong: "payer.stride-too-long"
        case .overstatedSteps: "payer.overstated-steps"
        }
    }

    public var message: String {
        switch self {
        case .purse(let refusal): refusal.message
        case .strideTooLong(let steps, let longest):
            "The payment would go \(steps) steps at once; the payee takes \(longest)."
        case .overstatedSteps(let revealed, let most):
            "The payee says that it has step \(revealed), and \(most) was revealed."
        }
    }

    public var remedy: String? {
        switch self {
        case .purse(let refusal): refusal.remedy
        case .strideTooLong: "Open a channel with larger steps."
        case .overstatedSteps: "Pay this payee nothing more, and close the channel."
        }
    }
}
