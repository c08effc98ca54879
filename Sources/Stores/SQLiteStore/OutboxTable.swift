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
        try select.setArguments([after ?? .min, max(0, limit)])
        var page: [PendingEffect] = []
        try LentRow.forEach(of: select) { row in
            page.append(
                PendingEffect(id: try row.number(0), channel: try row.channel(1), body: try row.blob(2) { Array($0) }))
        }
        return page
    }

    /// Appends one effect under a name that was never used before.
    static func append(_ body: [UInt8], of channel: ChannelID, in db: Database) throws -> PendingEffect.ID {
        // An empty body without an address is bound as NULL, hence the ifnull.
        let insert = try db.cachedStatement(
            sql: "INSERT INTO outbox (channel, body) VALUES (?, ifnull(?, x''))")
        try insert.execute(arguments: [Data(channel), Data(body)])
        return db.lastInsertedRowID
    }

    /// Keeps an effect that has a name already.
    static func put(_ effect: PendingEffect, in db: Database) throws {
        let insert = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO outbox (id, channel, body) VALUES (?, ?, ifnull(?, x''))")
        try insert.execute(arguments: [effect.id, Data(effect.channel), Data(effect.body)])
    }

    /// The highest name that was ever given.
    static func lastName(in db: Database) throws -> PendingEffect.ID {
        let select = try db.cachedStatement(sql: "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        return try Row.fetchCursor(select).map { try $0.number(at: 0) }.next() ?? 0
    }

    /// Sees to it that no name up to this one is given again.
    static func keepNames(through name: PendingEffect.ID, in db: Database) throws {
        guard try lastName(in: db) < name else { return }
        try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'outbox'")
        try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", arguments: [name])
    }

    static func remove(_ effect: PendingEffect.ID, in db: Database) throws {
        try db.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?").execute(arguments: [effect])
    }
}
