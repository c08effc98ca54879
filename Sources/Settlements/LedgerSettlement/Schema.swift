// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

/// The tables of the ledger, and how its file is told from any other.
///
/// Amounts are 16 bytes and big-endian, because SQLite's integers hold 63 bits; compared as bytes they are also in
/// order. Addresses are 20 bytes, hashes 32.
enum Schema {
    /// "FLGR", in the header of the file: `file` and other programs can tell by it what it is.
    static let applicationID: Int32 = 0x464C_4752

    /// Kept as `user_version`; add one with every change of the tables.
    static let version: Int32 = 4

    /// Refuses a file that is another program's, or a later version's, without touching it.
    ///
    /// Runs whenever a connection is opened. The path in the errors is left empty: it is not known here.
    static func recognise(_ db: Database) throws {
        var found: (application: Int32?, version: Int32?, isEmpty: Bool) = (nil, nil, false)
        // One transaction, so that another process that lays the tables just now is seen before or after.
        try db.inTransaction(.deferred) {
            found.application = try Int32.fetchOne(db, sql: "PRAGMA application_id")
            found.version = try Int32.fetchOne(db, sql: "PRAGMA user_version")
            found.isEmpty = try Bool.fetchOne(db, sql: "SELECT count(*) = 0 FROM sqlite_master") ?? false
            return .commit
        }
        switch found {
        case (0, 0, true): return
        case (applicationID, let stored?, _) where stored > version: throw StoreError.newer(path: "")
        case (applicationID, let stored?, _) where (1...version).contains(stored): return
        default: throw StoreError.damaged(path: "", reason: "it is a database, but not a ledger of Farthing")
        }
    }

    /// Makes the tables when there are none, and checks whose ledger it is.
    static func lay(in database: any DatabaseWriter, domain: SettlementDomain, time: Instant) throws {
        try database.writeWithoutTransaction { db in
            if try Int32.fetchOne(db, sql: "PRAGMA user_version") == 0 {
                try db.inTransaction(.immediate) {
                    // Another process may have been first.
                    if try Int32.fetchOne(db, sql: "PRAGMA user_version") == 0 {
                        try create(in: db, domain: domain, time: time)
                    }
                    return .commit
                }
            }
            try checkDomain(domain, in: db)
            try Schema.raise(db)
        }
    }

    /// Brings the tables of a file that an earlier version made up to this one; nothing in them is lost.
    ///
    /// Version 1 knew no transfers from account to account, only deposits; version 2 knew vouchers only; version 3
    /// read the whole log to find a payer's channels, and kept no time of blocks. Those of then are as from long ago.
    private static func raise(_ db: Database) throws {
        guard let found = try Int32.fetchOne(db, sql: "PRAGMA user_version"), found < version else { return }
        try db.inTransaction(.immediate) {
            // Another process may have been first.
            let found = try Int32.fetchOne(db, sql: "PRAGMA user_version") ?? version
            if found < 2 {
                try db.execute(sql: "ALTER TABLE authorizations RENAME TO deposit_authorizations")
                try db.execute(sql: authorizations)
                try db.execute(
                    sql: """
                        INSERT INTO authorizations (token, payer, nonce, digest, channel, amount, tx)
                            SELECT token, payer, nonce, digest, channel, amount, tx FROM deposit_authorizations;
                        DROP TABLE deposit_authorizations;
                        ALTER TABLE events ADD COLUMN receiver BLOB CHECK (length(receiver) = 20);
                        """)
            }
            if found < 3 { try db.execute(sql: contracts) }
            if found < 4 { try db.execute(sql: payersAndTimes) }
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    private static func create(in db: Database, domain: SettlementDomain, time: Instant) throws {
        try db.execute(sql: tables)
        try db.execute(sql: authorizations)
        try db.execute(sql: contracts)
        try db.execute(sql: payersAndTimes)
        for (name, value) in names(of: domain) {
            try db.execute(sql: "INSERT INTO meta (name, value) VALUES (?, ?)", arguments: [name, value])
        }
        try db.execute(
            sql: "INSERT INTO clock (id, height, time, offset_seconds) VALUES (1, 0, ?, 0)",
            arguments: [time.unixSeconds])
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(version)")
    }

    private static func checkDomain(_ domain: SettlementDomain, in db: Database) throws {
        for (name, value) in names(of: domain) {
            let stored = try stored(name, in: db)
            guard stored == value else {
                throw StoreError.unavailable(reason: "is a ledger whose \(name) is \(stored), not \(value)")
            }
        }
    }

    /// What a ledger says of itself; it may be any file that bears the marks of one.
    static func stored(_ name: String, in db: Database) throws -> String {
        let sql = "SELECT value FROM meta WHERE name = ? LIMIT 1"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [name]) else {
            throw LedgerFault(reason: "it does not say whose ledger it is")
        }
        return try row.text("value")
    }

    private static func names(of domain: SettlementDomain) -> KeyValuePairs<String, String> {
        [
            "network": domain.network.description, "contract": domain.contract.hex,
            "collector": domain.depositCollector.hex,
        ]
    }

    private static let tables = """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE clock (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            height INTEGER NOT NULL CHECK (height >= 0),
            time INTEGER NOT NULL,
            offset_seconds INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE tokens (
            address BLOB PRIMARY KEY CHECK (length(address) = 20),
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            symbol TEXT NOT NULL,
            decimals INTEGER NOT NULL,
            supply BLOB NOT NULL CHECK (length(supply) = 16)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE accounts (
            owner BLOB NOT NULL CHECK (length(owner) = 20),
            token BLOB NOT NULL REFERENCES tokens (address),
            balance BLOB NOT NULL CHECK (length(balance) = 16),
            PRIMARY KEY (owner, token)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE channels (
            id BLOB PRIMARY KEY CHECK (length(id) = 32),
            terms BLOB NOT NULL,
            balance BLOB NOT NULL CHECK (length(balance) = 16),
            total_claimed BLOB NOT NULL CHECK (length(total_claimed) = 16),
            total_deposited BLOB NOT NULL CHECK (length(total_deposited) = 16),
            withdrawal_amount BLOB CHECK (length(withdrawal_amount) = 16),
            withdrawal_requested_at INTEGER,
            CHECK (total_claimed <= balance AND balance <= total_deposited),
            CHECK ((withdrawal_amount IS NULL) = (withdrawal_requested_at IS NULL))
        ) STRICT, WITHOUT ROWID;

        -- Beside the channels, because a refund may be ordered before anything was deposited.
        CREATE TABLE refund_nonces (
            channel BLOB PRIMARY KEY CHECK (length(channel) = 32),
            nonce INTEGER NOT NULL CHECK (nonce > 0)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE receivers (
            receiver BLOB NOT NULL CHECK (length(receiver) = 20),
            token BLOB NOT NULL REFERENCES tokens (address),
            total_claimed BLOB NOT NULL CHECK (length(total_claimed) = 16),
            total_settled BLOB NOT NULL CHECK (length(total_settled) = 16),
            PRIMARY KEY (receiver, token),
            CHECK (total_settled <= total_claimed)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY,
            height INTEGER NOT NULL,
            time INTEGER NOT NULL,
            tx BLOB NOT NULL CHECK (length(tx) = 32),
            kind TEXT NOT NULL,
            channel BLOB CHECK (length(channel) = 32),
            account BLOB CHECK (length(account) = 20),
            token BLOB CHECK (length(token) = 20),
            amount BLOB CHECK (length(amount) = 16),
            total BLOB CHECK (length(total) = 16),
            moment INTEGER,
            terms BLOB,
            receiver BLOB CHECK (length(receiver) = 20)
        ) STRICT;
        """

    /// For deposits and transfers alike, since a token takes each nonce of a payer once.
    private static let authorizations = """
        CREATE TABLE authorizations (
            token BLOB NOT NULL REFERENCES tokens (address),
            payer BLOB NOT NULL CHECK (length(payer) = 20),
            nonce BLOB NOT NULL CHECK (length(nonce) = 32),
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            channel BLOB REFERENCES channels (id),
            receiver BLOB CHECK (length(receiver) = 20),
            amount BLOB NOT NULL CHECK (length(amount) = 16),
            tx BLOB NOT NULL CHECK (length(tx) = 32),
            PRIMARY KEY (token, payer, nonce),
            CHECK ((channel IS NULL) <> (receiver IS NULL))
        ) STRICT, WITHOUT ROWID;
        """

    /// For all contracts but that of vouchers: what the ledger must know of a channel to keep its money together.
    ///
    /// All else is in the stored form that the contract's rules make.
    private static let contracts = """
        CREATE TABLE contract_channels (
            id BLOB PRIMARY KEY CHECK (length(id) = 32),
            kind TEXT NOT NULL,
            token BLOB NOT NULL REFERENCES tokens (address),
            locked BLOB NOT NULL CHECK (length(locked) = 16),
            state BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- Who ever put money in which channel.
        CREATE TABLE contract_funders (
            account BLOB NOT NULL CHECK (length(account) = 20),
            channel BLOB NOT NULL REFERENCES contract_channels (id),
            PRIMARY KEY (account, channel)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE contract_limits (
            kind TEXT PRIMARY KEY,
            minimum BLOB NOT NULL CHECK (length(minimum) = 16),
            maximum BLOB NOT NULL CHECK (length(maximum) = 16),
            open_channels INTEGER CHECK (open_channels >= 0),
            fee BLOB NOT NULL CHECK (length(fee) = 16),
            fee_receiver BLOB NOT NULL CHECK (length(fee_receiver) = 20)
        ) STRICT, WITHOUT ROWID;

        -- Of the newest blocks.
        CREATE TABLE block_hashes (
            height INTEGER PRIMARY KEY,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;

        ALTER TABLE authorizations ADD COLUMN contract_channel BLOB REFERENCES contract_channels (id);
        ALTER TABLE events ADD COLUMN note TEXT;
        """

    /// Finds the channels that an account paid into, and how long ago a block was.
    private static let payersAndTimes = """
        CREATE INDEX events_funded ON events (account) WHERE kind = 'Funded';
        ALTER TABLE block_hashes ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
        """
}
