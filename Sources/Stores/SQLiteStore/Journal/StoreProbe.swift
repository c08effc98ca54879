// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Told at each step of a store's work, so that a test can end the process there.
///
/// Nothing is told when there is no probe, and then it costs nothing.
package struct StoreProbe: Sendable {
    /// A step on the way of a batch into the journal, or of the journal into the store's file.
    package enum Step: String, CaseIterable, Sendable {
        /// The next segment has a name and a header, and the disk may not know it yet.
        case segmentMade
        /// The disk knows the next segment.
        case segmentSynced
        /// A batch was written and not synced.
        case appended
        /// A batch has reached the disk, and nobody was told.
        case synced
        /// Everybody was told.
        case answered
        /// A fold begins.
        case foldBegun
        /// Channels are in the file, and their segments do not count as folded yet.
        case rowsWritten
        /// The file has everything, and says so.
        case folded
        /// One segment was removed.
        case segmentRemoved
        /// All folded segments were removed.
        case foldEnded
    }

    private let hook: @Sendable (Step) -> Void

    package init(_ hook: @escaping @Sendable (Step) -> Void) { self.hook = hook }

    func callAsFunction(_ step: Step) { hook(step) }
}
