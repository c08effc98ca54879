// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension BalanceProofContract.Refusal {
    public var code: String { "balance-proof.\(rule)" }

    private var rule: String {
        switch self {
        case .terms: "terms"
        case .foreignPayer: "foreign-payer"
        case .zeroDeposit: "zero-deposit"
        case .belowMinimum: "below-minimum"
        case .aboveMaximum: "above-maximum"
        case .outOfTurn: "out-of-turn"
        case .exceedsDeposit: "exceeds-deposit"
        case .belowWithdrawn: "below-withdrawn"
        case .proofSignature: "proof-signature"
        case .closingSignature: "closing-signature"
        case .requestSignature: "request-signature"
        case .challengeOver: "challenge-over"
        case .challengeRuns: "challenge-runs"
        case .challengeTimeRuns: "challenge-time-runs"
        }
    }

    public var message: String {
        switch self {
        case .terms(let fault): fault.message
        case .foreignPayer(let payer): "\(payer) is not the channel's sender."
        case .zeroDeposit: "The deposit is nothing."
        case .belowMinimum(let sum, let minimum): "The channel would hold \(sum), and the least is \(minimum)."
        case .aboveMaximum(let sum, let maximum):
            "\(sum) would be deposited in all, and the most is \(maximum)."
        case .outOfTurn(let phase): "The channel is \(phase)."
        case .exceedsDeposit(let balance, let deposit):
            "The balance is \(balance), but only \(deposit) is deposited."
        case .belowWithdrawn(let balance, let withdrawn):
            "The balance is \(balance), and the receiver was paid \(withdrawn)."
        case .proofSignature: "The channel's sender did not sign for the balance."
        case .closingSignature: "The channel's receiver did not sign the close."
        case .requestSignature: "The channel's sender did not ask for the end."
        case .challengeOver(let since, let now):
            "The challenge period was over after block \(since), and this is block \(now)."
        case .challengeRuns(let through, let now):
            "The challenge period runs through block \(through), and this is block \(now)."
        case .challengeTimeRuns(let until, let now):
            "The challenge period runs until \(until.unixSeconds), and it is \(now.unixSeconds) (Unix seconds)."
        }
    }

    public var remedy: String? {
        switch self {
        case .exceedsDeposit: "Top up the channel, or sign for less."
        case .belowWithdrawn: "Sign for at least what was paid."
        case .challengeRuns, .challengeTimeRuns: "Wait, or close the channel together."
        default: nil
        }
    }
}
