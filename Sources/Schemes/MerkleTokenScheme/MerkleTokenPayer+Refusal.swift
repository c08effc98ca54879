// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension MerkleTokenPayer {
    /// Why the payer does not go along; it is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        /// The channel has no tokens for this payee.
        case unknownPayee(Address)
        /// The channel has too few tokens left for the payee.
        case exhausted(price: Amount, available: Amount)
        /// More than the payee takes at once are missing.
        case tooManyTokens(UInt32, most: UInt32)
        case busy(requests: Int)
        case unknownRequest
        // What the payee says cannot be.
        case overcharged(charge: Amount, price: Amount)
        case overstated(charged: Amount, most: Amount)
        case overstatedTokens(floor: UInt32, most: UInt32)
    }
}

extension MerkleTokenPayer.Refusal {
    public var code: String {
        switch self {
        case .unknownPayee: "payer.unknown-payee"
        case .exhausted: "payer.exhausted"
        case .tooManyTokens: "payer.too-many-tokens"
        case .busy: "payer.busy"
        case .unknownRequest: "payer.unknown-request"
        case .overcharged: "payer.overcharged"
        case .overstated: "payer.overstated"
        case .overstatedTokens: "payer.overstated-tokens"
        }
    }

    public var message: String {
        switch self {
        case .unknownPayee(let payee): "The channel has no tokens for \(payee)."
        case .exhausted(let price, let available):
            "The request costs \(price); the channel has \(available) left for this payee."
        case .tooManyTokens(let count, let most):
            "The payment would bring \(count) tokens at once; the payee takes \(most)."
        case .busy(let requests): "\(requests) requests are under way on the channel."
        case .unknownRequest: "No such request is under way."
        case .overcharged(let charge, let price): "The payee charged \(charge), and the price was \(price)."
        case .overstated(let charged, let most):
            "The payee says that it charged \(charged) in all, and it can be \(most) at most."
        case .overstatedTokens(let floor, let most):
            "The payee says that it has all tokens below \(floor), and it was shown those below \(most)."
        }
    }

    public var remedy: String? {
        switch self {
        case .unknownPayee, .exhausted: "Open another channel."
        case .tooManyTokens: "Wait for an answer, or open a channel with larger tokens."
        case .busy: "Wait for an answer."
        case .overcharged, .overstated, .overstatedTokens: "Pay this payee nothing more."
        case .unknownRequest: nil
        }
    }
}
