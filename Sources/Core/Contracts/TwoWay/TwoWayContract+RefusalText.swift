// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension TwoWayContract.Refusal {
    public var code: String { "two-way.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .notAwaited: "not-awaited"
        case .depositMismatch: "deposit-mismatch"
        case .zeroDeposit: "zero-deposit"
        case .belowMinimum: "below-minimum"
        case .aboveMaximum: "above-maximum"
        case .tooManyChannels: "too-many-channels"
        case .outOfTurn: "out-of-turn"
        case .sumMismatch: "sum-mismatch"
        case .stale: "stale"
        case .signature: "signature"
        case .startSignature: "start-signature"
        case .challengeOver: "challenge-over"
        case .challengeRuns: "challenge-runs"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not a party of the channel."
        case .notAwaited(let payer): "\(payer) has nothing to put in before the channel is open."
        case .depositMismatch(let deposit, let needed):
            "The deposit is \(deposit), and what was agreed on, with the fee, is \(needed)."
        case .zeroDeposit: "The deposit is nothing."
        case .belowMinimum(let sum, let minimum): "The channel would hold \(sum), and the least is \(minimum)."
        case .aboveMaximum(let sum, let maximum): "The channel would hold \(sum), and the most is \(maximum)."
        case .tooManyChannels(let open, let most):
            "The payer has money in \(open) other channels, and may have it in \(most) in all."
        case .outOfTurn(let phase): "The channel is \(phase)."
        case .sumMismatch(let sum, let needed):
            "The balances are \(sum.map(String.init(describing:)) ?? "more than 2^128 - 1") together, not \(needed)."
        case .stale(let nonce, let newest): "The nonce is \(nonce), and \(newest) is known."
        case .signature(let party): "\(party) did not sign this."
        case .startSignature: "No party of the channel signed the start of the close."
        case .challengeOver(let since, let now):
            "The challenge period was over at \(since.unixSeconds), and it is \(now.unixSeconds) (Unix seconds)."
        case .challengeRuns(let until, let now):
            "The challenge period runs until \(until.unixSeconds), and it is \(now.unixSeconds) (Unix seconds)."
        }
    }

    public var remedy: String? {
        switch self {
        case .tooManyChannels: "Close a channel first."
        case .stale: "Hand in a newer state, or have a newer one signed."
        case .challengeRuns: "Wait, or close the channel together."
        default: nil
        }
    }
}
