// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension BalanceProofReceiver {
    /// Why a proof is not taken, or an end not signed.
    public enum Refusal: ExplainedError, Hashable {
        case notOpen(phase: String)
        /// An end was signed.
        case ending(balance: Amount)
        case notMore(balance: Amount, newest: Amount)
        case exceedsDeposit(balance: Amount, deposit: Amount)
        case tooLittle(gain: Amount, least: Amount)
    }
}

extension BalanceProofReceiver.Refusal {
    public var code: String { "balance-proof-receiver.\(rule)" }

    private var rule: String {
        switch self {
        case .notOpen: "not-open"
        case .ending: "ending"
        case .notMore: "not-more"
        case .exceedsDeposit: "exceeds-deposit"
        case .tooLittle: "too-little"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .ending(let balance): "An end with a balance of \(balance) was signed."
        case .notMore(let balance, let newest): "The balance is \(balance), and \(newest) is owed already."
        case .exceedsDeposit(let balance, let deposit):
            "The balance is \(balance), but only \(deposit) is deposited."
        case .tooLittle(let gain, let least): "The proof brings \(gain), and \(least) is asked for."
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen, .ending: "Open another channel."
        case .notMore: "Sign for more than that."
        case .exceedsDeposit: "Top up the channel, or sign for less."
        case .tooLittle: "Sign for the price."
        }
    }
}
