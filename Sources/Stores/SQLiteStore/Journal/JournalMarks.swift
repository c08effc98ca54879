// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import GRDB

/// What the store's own file says of its journal, kept among the bookmarks.
struct JournalMarks {
    /// Drawn when the store got its journal, so that no other store's segments are taken for its own.
    var identity: UInt64
    /// Segments up to this one are in the file.
    var foldedThrough: UInt32

    private static let prefix = "store.journal."
    private static let identityName = prefix + "identity"
    private static let foldedName = prefix + "folded"

    /// Whether a bookmark's name is the store's own.
    static func isReserved(_ name: String) -> Bool { name.hasPrefix(prefix) }

    /// `nil` when the store never had a journal.
    static func read(_ db: Database) throws -> JournalMarks? {
        guard let identity = try BookmarkTable.position(of: identityName, in: db) else { return nil }
        return JournalMarks(identity: identity, foldedThrough: try foldedThrough(db))
    }

    static func foldedThrough(_ db: Database) throws -> UInt32 {
        guard let folded = try BookmarkTable.position(of: foldedName, in: db) else { return 0 }
        guard let number = UInt32(exactly: folded) else { throw DamagedField(column: foldedName) }
        return number
    }

    static func setFoldedThrough(_ segment: UInt32, _ db: Database) throws {
        try BookmarkTable.set(foldedName, to: UInt64(segment), in: db)
    }

    /// Gives a store that has none an identity.
    static func make(_ db: Database) throws -> JournalMarks {
        let marks = JournalMarks(identity: .random(in: 1...UInt64.max), foldedThrough: try foldedThrough(db))
        try BookmarkTable.set(identityName, to: marks.identity, in: db)
        return marks
    }
}
