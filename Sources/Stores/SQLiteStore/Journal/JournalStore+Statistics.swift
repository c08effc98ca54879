// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JournalStore {
    /// What a store has written since it was opened.
    ///
    /// - Unit: all counts of things since the opening, except ``waiting``.
    public struct Statistics: Hashable, Sendable {
        /// Commits that reached the disk.
        public internal(set) var commits = 0
        /// Commits that were refused because another writer was faster.
        public internal(set) var conflicts = 0
        /// Commits, acknowledgements and bookmarks that reached the disk.
        public internal(set) var writes = 0
        /// Batches that reached the disk, each with one sync.
        public internal(set) var batches = 0
        /// Batches that failed and left nothing behind.
        public internal(set) var failures = 0
        /// The most writes that shared one batch.
        public internal(set) var largestBatch = 0
        /// How many writes wait for the next batch, or are on their way to the disk.
        public internal(set) var waiting = 0
        /// Bytes of the journal that reached the disk.
        public internal(set) var bytes = 0
        /// How often the journal was folded into the file.
        public internal(set) var folds = 0
        /// Folds that failed, and are tried again.
        public internal(set) var foldFailures = 0
        /// Channels that folds have written to the file.
        public internal(set) var foldedChannels = 0
        /// Effects that folds have written to the file: those that nobody had acknowledged by then.
        public internal(set) var foldedEffects = 0
        /// Channels whose version had to be read from the file before a commit.
        public internal(set) var lookups = 0
        /// Transactions that folds have taken.
        public internal(set) var foldTransactions = 0

        /// How many writes shared one batch on average; 0 before the first.
        public var meanBatch: Double { batches == 0 ? 0 : Double(writes) / Double(batches) }
    }
}
