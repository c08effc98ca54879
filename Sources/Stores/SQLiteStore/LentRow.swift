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

/// A row whose fields are lent as SQLite has them, until the next row: no value is made for a field that nobody keeps.
///
/// A node reads all of its channels and effects when it starts, and there may be a million of each. Each field's type is
/// looked at, for a damaged page can hold anything.
struct LentRow {
    private let handle: OpaquePointer

    /// Goes through all rows of a statement whose arguments are set.
    static func forEach(of statement: Statement, _ body: (LentRow) throws -> Void) throws {
        let handle = statement.sqliteStatement
        defer { sqlite3_reset(handle) }
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
            try body(LentRow(handle: handle))
        }
    }

    func number(_ column: Int32) throws -> Int64 {
        guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else { throw damage(column) }
        return sqlite3_column_int64(handle, column)
    }

    func channel(_ column: Int32) throws -> ChannelID {
        guard let id = try blob(column, { Hash32($0) }) else { throw damage(column) }
        return ChannelID(id)
    }

    func blob<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        try bytes(column, SQLITE_BLOB, body)
    }

    func text<Value>(_ column: Int32, _ body: (UnsafeRawBufferPointer) throws -> Value) throws -> Value {
        try bytes(column, SQLITE_TEXT, body)
    }

    private func bytes<Value>(
        _ column: Int32, _ type: Int32, _ body: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        guard sqlite3_column_type(handle, column) == type else { throw damage(column) }
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return try body(UnsafeRawBufferPointer(start: start, count: count))
    }

    private func damage(_ column: Int32) -> DamagedField {
        DamagedField(column: sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "\(column)")
    }
}
