// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension HashChainPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        /// The channel has no more steps for it.
        case exhausted(price: Amount, available: Amount)
        case strideTooLong(steps: UInt32, longest: UInt32)
        case busy(requests: Int)
        case unknownRequest
        // What the payee says cannot be.
        case overcharged(charge: Amount, price: Amount)
        case overstated(charged: Amount, most: Amount)
        case overstatedSteps(revealed: UInt32, most: UInt32)
    }
}

extension HashChainPayer.Refusal {
    public var code: String {
        switch self {
        case .exhausted: "payer.exhausted"
        case .strideTooLong: "payer.stride-too-long"
        case .busy: "payer.busy"
        case .unknownRequest: "payer.unknown-request"
        case .overcharged: "payer.overcharged"
        case .overstated: "payer.overstated"
        case .overstatedSteps: "payer.overstated-steps"
        }
    }

    public var message: String {
        switch self {
        case .exhausted(let price, let available): "The request costs \(price); the channel has \(available) left."
        case .strideTooLong(let steps, let longest):
            "The payment would go \(steps) steps at once; the payee takes \(longest)."
        case .busy(let requests): "\(requests) requests are under way on the channel."
        case .unknownRequest: "No such request is under way."
        case .overcharged(let charge, let price): "The payee charged \(charge), and the price was \(price)."
        case .overstated(let charged, let most):
            "The payee says that it charged \(charged) in all, and it can be \(most) at most."
        case .overstatedSteps(let revealed, let most):
            "The payee says that it has step \(revealed), and \(most) was revealed."
        }
    }

    public var remedy: String? {
        switch self {
        case .exhausted: "Open another channel."
        case .strideTooLong: "Open a channel with larger steps."
        case .busy: "Wait for an answer."
        case .overcharged, .overstated, .overstatedSteps: "Pay this payee nothing more, and close the channel."
        case .unknownRequest: nil
        }
    }
}
