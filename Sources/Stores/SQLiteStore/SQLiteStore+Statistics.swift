// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension SQLiteStore {
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
        /// Transactions that reached the disk, each with one sync.
        public internal(set) var transactions = 0
        /// Transactions that failed and left nothing behind.
        public internal(set) var failures = 0
        /// The most writes that shared one transaction.
        public internal(set) var largestBatch = 0
        /// How many writes wait for the next transaction now.
        public internal(set) var waiting = 0

        /// How many writes shared one transaction on average; 0 before the first.
        public var meanBatch: Double { transactions == 0 ? 0 : Double(writes) / Double(transactions) }
    }
}
