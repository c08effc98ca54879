// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension BalanceProofSender {
    /// Why nothing is signed, or something is not believed.
    public enum Refusal: ExplainedError, Hashable {
        case zeroAmount
        case exceedsDeposit(asked: Amount, deposit: Amount)
        case notOpen(phase: String)
        /// An end was agreed on.
        case ending
        /// Something that these books never signed.
        case unknownProof(balance: Amount, signed: Amount)
        case belowWithdrawn(balance: Amount, withdrawn: Amount)
    }
}

extension BalanceProofSender.Refusal {
    public var code: String { "balance-proof-sender.\(rule)" }

    private var rule: String {
        switch self {
        case .zeroAmount: "zero-amount"
        case .exceedsDeposit: "exceeds-deposit"
        case .notOpen: "not-open"
        case .ending: "ending"
        case .unknownProof: "unknown-proof"
        case .belowWithdrawn: "below-withdrawn"
        }
    }

    public var message: String {
        switch self {
        case .zeroAmount: "The amount is nothing."
        case .exceedsDeposit(let asked, let deposit):
            "\(asked) would be owed in all, but only \(deposit) is deposited."
        case .notOpen(let phase): "The channel is \(phase)."
        case .ending: "The channel is about to end: its receiver has signed the end."
        case .unknownProof(let balance, let signed):
            "A balance of \(balance) was never signed here; the most was \(signed)."
        case .belowWithdrawn(let balance, let withdrawn):
            "The balance is \(balance), and the receiver was paid \(withdrawn)."
        }
    }

    public var remedy: String? {
        switch self {
        case .exceedsDeposit: "Top up the channel, or pay less."
        case .notOpen, .ending: "Open another channel."
        case .unknownProof: "Ask the receiver for the proof itself, and verify that."
        case .zeroAmount, .belowWithdrawn: nil
        }
    }
}
