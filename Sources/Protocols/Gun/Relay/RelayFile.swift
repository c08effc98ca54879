// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import GRDB

/// The file in which a relay keeps its graph: a table of values by soul and key, in SQLite.
///
/// SQLite brings what a log would need besides: whole writes or none, checks of its pages, and room that is used again.
struct RelayFile: Sendable {
    let queue: DatabaseQueue
    private let lock: RelayFileLock

    /// Marks the file as a relay's.
    private static let applicationID = 0x4755_4E31
    private static let version = 1

    /// Opens the file, or makes it, and keeps others from doing the same.
    init(path: String) throws(GunError) {
        lock = try RelayFileLock(of: path)
        var configuration = Configuration()
        configuration.label = "gun.relay"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA cell_size_check = ON")
        }
        configuration.journalMode = .wal
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            // GRDB sets `synchronous` to NORMAL when it turns WAL on: a loss of power may take back what was confirmed.
            try queue.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
            }
            try queue.write(Self.prepare)
        } catch let error as GunError {
            throw error
        } catch {
            throw .storage(reason: "\(error)")
        }
    }

    private static func prepare(_ database: Database) throws {
        let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let isEmpty = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_schema") == 0
        if isEmpty, id == 0 {
            // Names are bytes: Unicode calls spellings equal that GUN does not.
            try database.execute(
                sql: """
                    CREATE TABLE entry (
                        soul BLOB NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, state REAL NOT NULL,
                        PRIMARY KEY (soul, key)
                    ) WITHOUT ROWID
                    """)
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: "PRAGMA user_version = \(Self.version)")
            return
        }
        guard id == applicationID else { throw GunError.storage(reason: "the file is not a relay's") }
        guard version == Self.version else { throw GunError.storage(reason: "the file has version \(version)") }
    }

    /// Reads all that is kept, as far as the limits reach; values that no longer make sense are left out.
    func load(limits: GunLimits) throws(GunError) -> Graph {
        do {
            return try queue.read { database in
                var graph = Graph(limits: limits)
                let rows = try Row.fetchCursor(database, sql: "SELECT soul, key, value, state FROM entry")
                while let row = try rows.next() {
                    guard let soul = Self.text(row[0]), let key = Self.text(row[1]),
                        let entry = Self.entry(row[2], row[3])
                    else { continue }
                    let node = GunNode(Soul(soul), [NodeKey(key): entry])
                    guard graph.hasRoom(for: [node]) else { continue }
                    graph.merge(entry, at: NodeKey(key), of: node.soul, now: .greatestFiniteMagnitude)
                }
                return graph
            }
        } catch {
            throw .storage(reason: "\(error)")
        }
    }

    /// Forgets nodes and writes values, in their order and in one transaction, each where it wins over what stands there.
    ///
    /// When this returns, they survive a loss of power. The graph in memory has compared them already, but with less where
    /// its limits left something out that is in the file.
    func write(_ changes: [(forgotten: [Soul], nodes: [GunNode])]) async throws {
        try await queue.write { database in
            for (forgotten, nodes) in changes {
                for soul in forgotten {
                    let statement = try database.cachedStatement(sql: "DELETE FROM entry WHERE soul = ?")
                    try statement.execute(arguments: [Data(soul.text.utf8)])
                }
                try Self.write(nodes, to: database)
            }
        }
    }

    private static func write(_ nodes: [GunNode], to database: Database) throws {
        for node in nodes {
            for (key, entry) in node.entries {
                let place = [Data(node.soul.text.utf8), Data(key.text.utf8)]
                let known = try database.cachedStatement(
                    sql: "SELECT value, state FROM entry WHERE soul = ? AND key = ?")
                let stored = try Row.fetchOne(known, arguments: StatementArguments(place))
                guard HAM.wins(entry, over: stored.flatMap { Self.entry($0[0], $0[1]) }) else { continue }
                let statement = try database.cachedStatement(
                    sql: "INSERT OR REPLACE INTO entry (soul, key, value, state) VALUES (?, ?, ?, ?)")
                try statement.execute(
                    arguments: [place[0], place[1], Data(entry.value.jsonText.utf8), entry.state.milliseconds])
            }
        }
    }

    /// Closes the file, and lets others open it.
    func close() throws {
        defer { lock.release() }
        try queue.close()
    }

    /// A value with its state; `nil` when it makes no sense any more.
    private static func entry(_ value: Data?, _ state: Double?) -> GunEntry? {
        guard let text = text(value), let state = state.flatMap(GunState.init),
            let value = (try? JavaScriptJSON.parse(nested: text)).flatMap(GunValue.init)
        else { return nil }
        return GunEntry(value, state)
    }

    private static func text(_ data: Data?) -> String? {
        data.flatMap { String(validating: $0, as: UTF8.self) }
    }
}
