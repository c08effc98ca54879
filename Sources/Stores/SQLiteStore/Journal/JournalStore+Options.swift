// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JournalStore {
    /// How a journal is kept.
    public struct Options: Hashable, Sendable {
        /// Once the journal has grown by so much, it is folded into the store's file.
        ///
        /// The longer the journal, the fewer rows the file has to take for the same number of commits, and the longer
        /// an opening after a crash.
        ///
        /// - Unit: bytes.
        public var foldAfter = 768 << 20

        /// When nothing was committed for so long, the journal is folded.
        public var foldWhenIdle: Duration = .seconds(30)

        /// While writes come in crowds, batches follow each other no faster than this.
        ///
        /// A sync costs the processor as much as some thirty writes, so a fast disk must not be synced for each few: at
        /// ten thousand writes a second, two milliseconds make batches of twenty. A write that comes alone never waits.
        public var pace: Duration = .milliseconds(2)

        /// How much of a segment is filled with zeros ahead of the batches: a batch that only overwrites costs the
        /// disk one write instead of two.
        ///
        /// - Unit: bytes.
        public var fillAhead = 512 << 10

        /// A segment takes no further batch once it is so long.
        ///
        /// - Unit: bytes.
        public var largestSegment = 1 << 30

        /// How many rows one transaction of a fold writes at most.
        public var rowsInTransaction = 100_000

        public init() {}
    }
}
