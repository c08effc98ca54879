// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import GRDB

#if canImport(GRDBSQLite)
import GRDBSQLite
#else
import SQLite3
#endif

/// Reads channels in the order of their ids, with one copy of each state and nothing else for each row.
///
/// A node reads all of its channels when it starts, and there may be a million.
struct ChannelPage {
    private let statement: Statement

    init(_ db: Database) throws {
        statement = try db.cachedStatement(
            sql: "SELECT id, scheme, version, state FROM channels WHERE id > ifnull(?, x'') ORDER BY id LIMIT ?")
    }

    func read(after: ChannelID?, limit: Int) throws -> [StoredChannel] {
        try statement.setArguments([after.map { Data($0) }, max(0, limit)])
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        var page: [StoredChannel] = []
        page.reserveCapacity(min(max(0, limit), 1000))
        var scheme = ""
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return page }
            guard code == SQLITE_ROW else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
            guard sqlite3_column_type(handle, 2) == SQLITE_INTEGER else { throw DamagedField(column: "version") }
            guard let id = try bytes(0, SQLITE_BLOB, "id", handle, { Hash32($0) }) else {
                throw DamagedField(column: "id")
            }
            // Nearly always the scheme of the row before, and then no string is made.
            try bytes(1, SQLITE_TEXT, "scheme", handle) { text in
                if !scheme.utf8.elementsEqual(text) { scheme = String(decoding: text, as: UTF8.self) }
            }
            let state = try bytes(3, SQLITE_BLOB, "state", handle) { Array($0) }
            let version = Version(number: sqlite3_column_int64(handle, 2))
            page.append(
                StoredChannel(
                    id: ChannelID(id), record: ChannelRecord(scheme: scheme, state: state, version: version)))
        }
    }

    /// Lends a field's bytes until the next step, after a look at its type.
    private func bytes<Value>(
        _ column: Int32, _ type: Int32, _ name: String, _ handle: OpaquePointer,
        _ body: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        guard sqlite3_column_type(handle, column) == type else { throw DamagedField(column: name) }
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}
