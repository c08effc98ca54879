// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension MerkleTokenContract.Refusal {
    public var code: String { "merkle-token.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .depositMismatch: "deposit-mismatch"
        case .alreadyFunded: "already-funded"
        case .notOpen: "not-open"
        case .lifetime: "lifetime"
        case .batchSize: "batch-size"
        case .unsorted: "unsorted"
        case .beyondEnd: "beyond-end"
        case .tokenAmount: "token-amount"
        case .invalidPayee: "invalid-payee"
        case .notProven: "not-proven"
        case .notExpired: "not-expired"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not the channel's payer."
        case .depositMismatch(let deposit, let needed):
            "The deposit is \(deposit), and the tokens may be worth \(needed)."
        case .alreadyFunded: "The channel was funded before."
        case .notOpen(let phase): "The channel is \(phase)."
        case .lifetime(let seconds):
            "The channel would expire in \(seconds) s, which is outside 900–31622400 s."
        case .batchSize(let count): "An order redeems 1–1024 tokens, and this one has \(count)."
        case .unsorted: "The tokens are not in ascending order of their indices, or one is there twice."
        case .beyondEnd(let index, let count): "Token \(index) is beyond the tree's \(count) tokens."
        case .tokenAmount(let amount, let index, let most):
            "Token \(index) is said to be worth \(amount), which is outside 1–\(most)."
        case .invalidPayee(let payee, let index): "Token \(index) is for \(payee), which cannot be paid."
        case .notProven: "The proof does not lead from the tokens to the channel's root."
        case .notExpired(let until, let now):
            "The channel expires at \(until), and it is \(now.unixSeconds) (Unix seconds)."
        }
    }

    public var remedy: String? {
        switch self {
        case .alreadyFunded: "Open another channel, with another salt and another tree."
        case .batchSize: "Hand in some at a time."
        case .unsorted: "Sort them, and make the proof again."
        case .notExpired: "Wait."
        default: nil
        }
    }
}
