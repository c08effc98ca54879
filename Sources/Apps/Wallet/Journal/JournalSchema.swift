// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import GRDB

/// The tables of a journal.
enum JournalSchema {
    /// Marks the file as ours: the letters "FTHW".
    private static let applicationID = 0x4654_4857
    private static let version = 4

    struct Newer: Error {}

    static func lay(in db: Database) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if application == 0, found == 0, try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0 {
            try db.execute(sql: tables)
            try db.execute(sql: prepaid + pending + numbers)
            try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
            return
        }
        guard application == applicationID else { throw JournalDamage(reason: "it is another program's file") }
        guard found <= version else { throw Newer() }
        // Version 1 knew vouchers only.
        if found < 2 { try db.execute(sql: prepaid) }
        // Version 2 looked for what a crash left behind among vouchers only.
        if found < 3 { try db.execute(sql: pending) }
        // Version 3 left it to each process to know which numbers its deposits had.
        if found < 4 { try db.execute(sql: numbers + "PRAGMA user_version = \(version)") }
    }

    /// Channels of schemes that pay ahead.
    ///
    /// What is in `state` can pay, so it is as secret as a key.
    private static let prepaid = """
        CREATE TABLE prepaid_channels (
            id TEXT PRIMARY KEY, scheme TEXT NOT NULL, network TEXT NOT NULL, asset TEXT NOT NULL,
            receiver TEXT NOT NULL, state BLOB NOT NULL, locked TEXT NOT NULL, method TEXT, url TEXT
        ) STRICT, WITHOUT ROWID;

        """

    /// Finds what a crash left on its way.
    private static let pending = """
        CREATE INDEX entries_pending ON entries (channel) WHERE state = 'pending';

        """

    /// The numbers of transactions that deposits have, and when each is free again, in Unix seconds.
    private static let numbers = """
        CREATE TABLE deposit_numbers (
            network TEXT NOT NULL, account TEXT NOT NULL, number INTEGER NOT NULL, until INTEGER NOT NULL,
            PRIMARY KEY (network, account, number)
        ) STRICT, WITHOUT ROWID;

        """

    /// Amounts are decimal text, because SQLite's integers have 64 bits; networks and accounts as people write them.
    private static let tables = """
        CREATE TABLE channels (
            id TEXT PRIMARY KEY, network TEXT NOT NULL, asset TEXT NOT NULL, receiver TEXT NOT NULL,
            state BLOB NOT NULL, locked TEXT NOT NULL, method TEXT, url TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL, host TEXT NOT NULL,
            method TEXT NOT NULL, url TEXT NOT NULL, scheme TEXT NOT NULL, network TEXT NOT NULL, asset TEXT NOT NULL,
            receiver TEXT NOT NULL, channel TEXT, ceiling TEXT, identifier TEXT, price TEXT NOT NULL,
            deposit TEXT NOT NULL, state TEXT NOT NULL, charged TEXT NOT NULL, code TEXT, tx TEXT,
            counted TEXT NOT NULL, in_doubt INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX entries_in_doubt ON entries (channel) WHERE in_doubt = 1;
        CREATE TABLE spent (
            network TEXT NOT NULL, asset TEXT NOT NULL, host TEXT NOT NULL, hour INTEGER NOT NULL, amount TEXT NOT NULL,
            PRIMARY KEY (network, asset, host, hour)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE spent_lately (
            network TEXT NOT NULL, asset TEXT NOT NULL, second INTEGER NOT NULL, amount TEXT NOT NULL,
            PRIMARY KEY (network, asset, second)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE spent_ever (
            network TEXT NOT NULL, asset TEXT NOT NULL, host TEXT NOT NULL, amount TEXT NOT NULL,
            PRIMARY KEY (network, asset, host)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE hosts (host TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE offers (key TEXT PRIMARY KEY, offer TEXT NOT NULL, extensions TEXT) STRICT, WITHOUT ROWID;
        """
}
