// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

extension MerkleTokenChannel {
    /// Why a payment was refused; the channel is then as it was before.
    public enum Refusal: ExplainedError, Hashable {
        // The channel.
        case notOpen(phase: String)
        case expiring(at: UInt64, now: Instant)
        /// Other payees may still be paid out of it.
        case notClosable(until: UInt64)
        // The tokens.
        case batchSize(Int, most: Int)
        case unsorted
        case beyondEnd(index: UInt32, count: UInt32)
        case tokenAmount(Amount, index: UInt32, most: Amount)
        case notProven(index: UInt32)
        // The money.
        case purse(Purse.Refusal)
    }
}

extension MerkleTokenChannel.Refusal {
    public var code: String { "invalid_merkle_token_\(rule)" }

    private var rule: String {
        switch self {
        case .notOpen: "channel_not_open"
        case .expiring: "channel_expiring"
        case .notClosable: "channel_not_closable"
        case .batchSize: "batch_size"
        case .unsorted: "unsorted"
        case .beyondEnd: "beyond_end"
        case .tokenAmount: "token_amount"
        case .notProven: "not_proven"
        case .purse(.insufficient): "insufficient"
        case .purse(.busy): "channel_busy"
        case .purse(.reservationLost): "reservation_lost"
        case .purse(.chargeExceedsPrice), .purse(.creditExceedsCharged), .purse(.overflow): "charge"
        }
    }

    public var message: String {
        switch self {
        case .notOpen(let phase): "The channel is \(phase)."
        case .expiring(let at, let now):
            "The channel expires at \(at), it is \(now.unixSeconds) (Unix seconds), and 300 s are kept to redeem."
        case .notClosable(let until): "The channel has other payees, and so stays open until \(until) (Unix seconds)."
        case .batchSize(let count, let most): "The payment brings \(count) tokens; it may be 1–\(most)."
        case .unsorted: "The tokens are not in ascending order of their indices, or one is there twice."
        case .beyondEnd(let index, let count): "Token \(index) is beyond the tree's \(count) tokens."
        case .tokenAmount(let amount, let index, let most):
            "Token \(index) is said to be worth \(amount), which is outside 1–\(most)."
        case .notProven(let index): "What is said to be token \(index) is not in the channel's tree for this payee."
        case .purse(let refusal): refusal.message
        }
    }

    public var remedy: String? {
        switch self {
        case .notOpen, .expiring, .beyondEnd: "Open another channel."
        case .notClosable: "Take back what is left when the channel has expired."
        case .batchSize: "Show fewer tokens at once."
        case .unsorted: "Sort them."
        case .tokenAmount, .notProven: nil
        case .purse(let refusal): refusal.remedy
        }
    }

    /// Whether the payer's books differ from ours, so that it helps to show ours.
    public var callsForCorrection: Bool {
        switch self {
        case .purse(.insufficient): true
        default: false
        }
    }
}
