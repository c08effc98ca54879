// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import GRDB

/// Reads and writes the effects that nobody has acknowledged yet.
enum OutboxTable {
    static func page(after: PendingEffect.ID?, limit: Int, in db: Database) throws -> [PendingEffect] {
        let select = try db.cachedStatement(
            sql: "SELECT id, channel, body FROM outbox WHERE id > ? ORDER BY id LIMIT ?")
        return try Array(
            Row.fetchCursor(select, arguments: [after ?? .min, max(0, limit)]).map { row in
                PendingEffect(
                    id: try row.number(at: 0), channel: try row.channel(at: 1), body: try row.bytes(at: 2))
            })
    }

    /// Appends one effect under a name that was never used before.
    static func append(_ body: [UInt8], of channel: ChannelID, in db: Database) throws -> PendingEffect.ID {
        // An empty body without an address is bound as NULL, hence the ifnull.
        let insert = try db.cachedStatement(
            sql: "INSERT INTO outbox (channel, body) VALUES (?, ifnull(?, x''))")
        try insert.execute(arguments: [Data(channel), Data(body)])
        return db.lastInsertedRowID
    }

    static func remove(_ effect: PendingEffect.ID, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?").execute(arguments: [effect])
    }
}
