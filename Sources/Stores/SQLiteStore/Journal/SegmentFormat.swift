// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a segment of the journal lies on the disk; `Specs/journal.md` has the whole.
///
/// Every number is little-endian. A segment is a header of one block, then batches, each beginning at a block, so
/// that writing one never touches a block that holds another. Zeros stand behind the last.
package enum SegmentFormat {
    /// What a file system writes in one piece, and what direct writing needs.
    package static let block = 4096
    /// The first eight bytes: "FRTHJRNL".
    static let magic: UInt64 = 0x4C4E_524A_4854_5246
    static let version: UInt32 = 1

    /// How much of a batch stands before its first record: checksum, sequence, length, count of records, segment.
    static let batchHeader = 32
    /// How much of a record of a commit stands before its texts.
    static let commitHeader = 72

    enum Kind {
        static let commit: UInt32 = 1
        static let acknowledgement: UInt32 = 2
        static let bookmark: UInt32 = 3
    }

    /// The next multiple of a block.
    @inline(__always) static func rounded(_ length: Int) -> Int { (length &+ block &- 1) & ~(block &- 1) }
}
