// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import GRDB

#if canImport(GRDBSQLite)
import GRDBSQLite
#else
import SQLite3
#endif

/// Writes channels' states from the journal's bytes straight into the file, without a copy of them.
struct ChannelUpsert {
    private let statement: Statement

    init(_ db: Database) throws {
        statement = try db.cachedStatement(
            sql: """
                INSERT INTO channels (id, scheme, version, state) VALUES (?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET scheme = excluded.scheme, version = excluded.version,
                    state = excluded.state WHERE excluded.version > version
                """)
    }

    /// Puts a state in place of an older one; a younger one stays.
    func write(_ commit: JournalRecord.Commit) throws {
        let handle = statement.sqliteStatement
        // The bytes outlive the step, and the bindings are cleared after it, so SQLite need not copy them.
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        try commit.channel.hash.withBytes { id in
            try check(sqlite3_bind_blob(handle, 1, id.baseAddress, Int32(id.count), nil))
            let scheme = commit.schemeBytes
            try check(
                scheme.withMemoryRebound(to: CChar.self) {
                    sqlite3_bind_text(handle, 2, $0.baseAddress, Int32($0.count), nil)
                })
            try check(sqlite3_bind_int64(handle, 3, commit.version))
            let state = commit.state
            // An empty blob must not be bound as NULL.
            try check(
                state.isEmpty
                    ? sqlite3_bind_zeroblob(handle, 4, 0)
                    : sqlite3_bind_blob(handle, 4, state.baseAddress, Int32(state.count), nil))
            let code = sqlite3_step(handle)
            guard code == SQLITE_DONE else { throw failure(code) }
        }
    }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    private func failure(_ code: Int32) -> DatabaseError { DatabaseError(resultCode: ResultCode(rawValue: code)) }
}
