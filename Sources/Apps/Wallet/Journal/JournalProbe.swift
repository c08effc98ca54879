// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Is told of every step that a crash may come between; only tests have one.
package struct JournalProbe: Sendable {
    /// A step on the way of a payment, a refund or a withdrawal.
    package enum Step: String, Hashable, Sendable, CaseIterable {
        /// The entry is about to be written.
        case beginning
        /// The entry is on the disk, and nothing is signed.
        case begun
        /// What was to be signed is signed, and nothing was sent.
        case signed
        /// The answer is there, and about to be written down.
        case finishing
        /// The answer is on the disk.
        case finished
    }

    package let reach: @Sendable (Step, JournalEntry.Kind) -> Void

    package init(reach: @escaping @Sendable (Step, JournalEntry.Kind) -> Void) { self.reach = reach }
}
