// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension PayerPurse {
    /// Why the payer does not go along, whatever the scheme; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        /// The channel has not so much left.
        case exhausted(price: Amount, available: Amount)
        case busy(requests: Int)
        case unknownRequest
        // What the payee says cannot be.
        case overcharged(charge: Amount, price: Amount)
        case overstated(charged: Amount, most: Amount)
    }
}

extension PayerPurse.Refusal {
    public var code: String {
        switch self {
        case .exhausted: "payer.exhausted"
        case .busy: "payer.busy"
        case .unknownRequest: "payer.unknown-request"
        case .overcharged: "payer.overcharged"
        case .overstated: "payer.overstated"
        }
    }

    public var message: String {
        switch self {
        case .exhausted(let price, let available): "The request costs \(price); the channel has \(available) left."
        case .busy(let requests): "\(requests) requests are under way on the channel."
        case .unknownRequest: "No such request is under way."
        case .overcharged(let charge, let price): "The payee charged \(charge), and the price was \(price)."
        case .overstated(let charged, let most):
            "The payee says that it charged \(charged) in all, and it can be \(most) at most."
        }
    }

    public var remedy: String? {
        switch self {
        case .exhausted: "Open another channel."
        case .busy: "Wait for an answer."
        case .overcharged, .overstated: "Pay this payee nothing more, and close the channel."
        case .unknownRequest: nil
        }
    }
}
