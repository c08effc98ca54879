// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension HashChainContract.Refusal {
    public var code: String { "hash-chain.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .depositMismatch: "deposit-mismatch"
        case .alreadyFunded: "already-funded"
        case .notOpen: "not-open"
        case .lifetime: "lifetime"
        case .beyondEnd: "beyond-end"
        case .foreignStep: "foreign-step"
        case .closeSignature: "close-signature"
        case .closeBehind: "close-behind"
        case .notExpired: "not-expired"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not the channel's payer."
        case .depositMismatch(let deposit, let needed): "The deposit is \(deposit), and the steps are worth \(needed)."
        case .alreadyFunded: "The channel was funded before."
        case .notOpen(let phase): "The channel is \(phase)."
        case .lifetime(let seconds):
            "The channel would expire in \(seconds) s, which is outside 900–31622400 s."
        case .beyondEnd(let index, let count): "Step \(index) is beyond the chain's \(count) steps."
        case .foreignStep(let index): "What is said to be step \(index) is not on the channel's chain."
        case .closeSignature: "The channel's payee did not sign the close."
        case .closeBehind(let signed, let redeemed):
            "The close is signed for \(signed) steps, and \(redeemed) were paid for."
        case .notExpired(let until, let now):
            "The channel expires at \(until), and it is \(now.unixSeconds) (Unix seconds)."
        }
    }

    public var remedy: String? {
        switch self {
        case .alreadyFunded: "Open another channel, with another salt and another chain."
        case .closeBehind: "Ask the payee to sign again."
        case .notExpired: "Wait, or ask the payee to close the channel."
        default: nil
        }
    }
}
