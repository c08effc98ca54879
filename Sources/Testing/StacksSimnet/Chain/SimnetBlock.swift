// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks

/// A block of the node's chain.
struct SimnetBlock: Sendable {
    /// What became of a transaction in its block.
    struct Mined: Sendable {
        let transaction: StacksTransaction
        let id: Hash32
        let outcome: TransactionOutcome
    }

    let height: UInt64
    let burnHeight: UInt64
    let tenure: UInt64
    /// Seconds since 1970.
    let time: UInt64
    let hash: Hash32
    let indexHash: Hash32
    let parentHash: Hash32
    let parentIndexHash: Hash32
    let transactions: [Mined]

    /// A hash of the Bitcoin chain, which is not there: that of its height and of how often the chain was turned back.
    static func burnHash(height: UInt64, branch: Int) -> Hash32 { digest("burn \(height) \(branch)") }

    static func digest(_ text: String) -> Hash32 { Hash32(SHA512_256.hash(Array(text.utf8))) ?? .zero }
}

/// What became of a transaction, in the words of a node.
struct TransactionOutcome: Sendable {
    /// `success`, `abort_by_response` or `abort_by_post_condition`.
    let status: String
    let result: ClarityValue
    let events: [ClarityEvent]
    /// Why the contract stopped.
    var fault: String?
}
