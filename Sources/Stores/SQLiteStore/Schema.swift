// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import GRDB

/// The tables of a store, and the steps that led to them.
///
/// A step that was released never changes; a new one is added below it.
enum Schema {
    /// Marks a file as a store of Farthing: "FRTH".
    static let applicationID: Int64 = 0x4652_5448

    /// The version that this code reads and writes.
    static var newest: Int64 { Int64(steps.count) }

    private static let steps = [
        """
        CREATE TABLE channels (
            id BLOB PRIMARY KEY NOT NULL,
            scheme TEXT NOT NULL,
            version INTEGER NOT NULL,
            state BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            channel BLOB NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE TABLE bookmarks (
            name TEXT PRIMARY KEY NOT NULL,
            position INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
    ]

    /// How many steps the file has behind it; 0 when it is empty.
    ///
    /// - Throws: `StoreError.damaged` when another program wrote it, `StoreError.newer`
    ///   when a later version of this one did.
    static func version(of db: Database, path: String) throws -> Int64 {
        let mark = try Int64.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int64.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if mark == 0, version == 0, try Int64.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            return 0
        }
        guard mark == applicationID, version > 0 else {
            throw StoreError.damaged(path: path, reason: "another program wrote it")
        }
        guard version <= newest else { throw StoreError.newer(path: path) }
        return version
    }

    /// Takes the steps that are missing, each in a transaction of its own.
    static func migrate(_ db: Database, path: String) throws {
        let version = try version(of: db, path: path)
        for (number, step) in zip(1..., steps).dropFirst(Int(version)) {
            try db.inTransaction(.immediate) {
                try db.execute(sql: step)
                try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(number)")
                return .commit
            }
        }
    }
}
