// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import GRDB

/// Reads and writes the channels of a store.
enum ChannelTable {
    static func record(of id: ChannelID, in db: Database) throws -> ChannelRecord? {
        let select = try db.cachedStatement(sql: "SELECT scheme, version, state FROM channels WHERE id = ?")
        return try Row.fetchCursor(select, arguments: [Data(id)]).map { try record(in: $0, from: 0) }.next()
    }

    static func page(after: ChannelID?, limit: Int, in db: Database) throws -> [StoredChannel] {
        try ChannelPage(db).read(after: after, limit: limit)
    }

    /// Replaces the record when its version is the expected one.
    ///
    /// - Returns: `false` when it is not; then nothing was written.
    static func replace(_ commit: ChannelCommit, over expected: Version?, in db: Database) throws -> Bool {
        // An empty state without an address is bound as NULL, hence the ifnull.
        if let expected {
            let update = try db.cachedStatement(
                sql: """
                    UPDATE channels SET scheme = ?, version = ?, state = ifnull(?, x'') WHERE id = ? AND version = ?
                    """)
            try update.execute(arguments: [
                commit.scheme, expected.next.number, Data(commit.state), Data(commit.channel), expected.number,
            ])
        } else {
            let insert = try db.cachedStatement(
                sql: """
                    INSERT INTO channels (id, scheme, version, state) VALUES (?, ?, 1, ifnull(?, x''))
                    ON CONFLICT (id) DO NOTHING
                    """)
            try insert.execute(arguments: [Data(commit.channel), commit.scheme, Data(commit.state)])
        }
        return db.changesCount == 1
    }

    static func version(of id: ChannelID, in db: Database) throws -> Version? {
        let select = try db.cachedStatement(sql: "SELECT version FROM channels WHERE id = ?")
        return try Row.fetchCursor(select, arguments: [Data(id)]).map { Version(number: try $0.number(at: 0)) }.next()
    }

    private static func record(in row: Row, from column: Int) throws -> ChannelRecord {
        ChannelRecord(
            scheme: try row.text(at: column), state: try row.bytes(at: column + 2),
            version: Version(number: try row.number(at: column + 1)))
    }
}
