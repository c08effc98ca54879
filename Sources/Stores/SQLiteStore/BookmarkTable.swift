// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import GRDB

/// Reads and writes numbers under names.
///
/// SQLite's integers are signed: the upper half of `UInt64` lies there as negative numbers.
enum BookmarkTable {
    static func position(of name: String, in db: Database) throws -> UInt64? {
        let select = try db.cachedStatement(sql: "SELECT position FROM bookmarks WHERE name = ?")
        return try Row.fetchCursor(select, arguments: [name]).map { UInt64(bitPattern: try $0.number(at: 0)) }.next()
    }

    static func set(_ name: String, to position: UInt64, in db: Database) throws {
        let upsert = try db.cachedStatement(
            sql: """
                INSERT INTO bookmarks (name, position) VALUES (?, ?)
                ON CONFLICT (name) DO UPDATE SET position = excluded.position
                """)
        try upsert.execute(arguments: [name, Int64(bitPattern: position)])
    }
}
