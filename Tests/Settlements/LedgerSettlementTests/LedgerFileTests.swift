// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation
import GRDB
import Testing

@testable import FarthingLedgerSettlement

@Suite("The ledger's file")
struct LedgerFileTests {
    @Test func `is the same after it was closed and opened`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let before: [String]
            let events: [SettlementEvent]
            do {
                let stage = try await LedgerAuditTests.lively(path: path)
                before = try stage.rows()
                events = try await stage.ledger.events(after: 0, limit: 100)
            }
            let stage = try Stage(path: path)
            #expect(try stage.rows() == before)
            #expect(try await stage.ledger.events(after: 0, limit: 100) == events)
            #expect(try await stage.ledger.head().time == Stage.noon.advanced(bySeconds: 900))
            try await stage.expectConserved()
        }
    }

    @Test func `is written through to the disk by every change`() async throws {
        try await withDirectory { directory in
            let stage = try await Stage.funded(path: directory + "/ledger.db")
            let modes = try await stage.ledger.database.writeWithoutTransaction { db in
                (
                    try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA busy_timeout")
                )
            }
            #expect(modes == (2, "wal", 10_000))
        }
    }

    @Test func `is told to be an obstacle while it cannot be written`() async throws {
        try await withDirectory { directory in
            let ledger = try await Stage.funded(path: directory + "/ledger.db").ledger
            func forbidWrites(_ isForbidden: Bool) async throws {
                try await ledger.database.writeWithoutTransaction {
                    try $0.execute(sql: "PRAGMA query_only = \(isForbidden ? "ON" : "OFF")")
                }
            }
            try await forbidWrites(true)
            #expect(await ledger.obstacles().isEmpty, "nobody has written")
            await #expect(throws: SettlementError.self) { try await ledger.advance() }
            #expect(await ledger.obstacles().map(\.code) == ["settlement.unreachable"])
            let before = try await ledger.head().height
            try await forbidWrites(false)
            #expect(await ledger.obstacles().isEmpty, "it is tried again")
            #expect(try await ledger.head().height == before)
        }
    }

    @Test func `is for its owner alone, with all that lies beside it`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let stage = try await Stage.open(path: path)
            for suffix in ["", "-wal", "-shm"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
            }
            try await stage.expectConserved()
        }
    }

    @Test func `bears marks by which it is known`() async throws {
        let stage = try Stage()
        let marks = try await stage.ledger.database.read { db in
            (
                try Int32.fetchOne(db, sql: "PRAGMA application_id"), try Int32.fetchOne(db, sql: "PRAGMA user_version")
            )
        }
        #expect(marks == (0x464C_4752, 4))
    }

    // MARK: - Several at once

    @Test func `two open it at once, and each sees what the other did`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let one = try await Stage.open(100, path: path)
            let other = try Stage(path: path)
            try await other.claim(other.row(25))
            #expect(try await one.snapshot().totalClaimed == units(25))
            _ = try await one.ledger.settle(receiver: one.receiver.address, token: one.token.address)
            #expect(try await other.holds(other.receiver) == 25)
            try await one.ledger.advance(seconds: 50)
            #expect(try await other.ledger.head() == one.ledger.head())
        }
    }

    @Test func `many write at once, and nothing is lost or done twice`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let stages = [try await Stage.open(100, path: path), try Stage(path: path), try Stage(path: path)]
            let deposit = stages[0].deposit(50, salt: 9)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for stage in stages {
                    for total: UInt128 in 1...10 {
                        group.addTask { _ = try await stage.claim(stage.row(total)) }
                    }
                    group.addTask { _ = try await stage.ledger.deposit(deposit) }
                    group.addTask {
                        try await stage.ledger.mint(
                            to: stage.receiver.address, token: stage.token.address, amount: units(3))
                    }
                }
                try await group.waitForAll()
            }
            let stage = stages[0]
            #expect(try await stage.snapshot().balance == units(150))
            #expect(try await stage.snapshot().totalClaimed == units(10))
            #expect(try await stage.holds(stage.payer) == 850)
            #expect(try await stage.holds(stage.receiver) == 9)
            try await stage.expectConserved()
        }
    }

    @Test func `many make it at once, and there is one`() async throws {
        for _ in 0..<5 {
            try await withDirectory { directory in
                let path = directory + "/ledger.db"
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let stage = try Stage(path: path)
                            try await stage.ledger.addToken(stage.token)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await Stage(path: path).ledger.head().height == 1)
            }
        }
    }

    // MARK: - What cannot be opened

    private func opening(_ path: String, contract: Address? = nil, network: UInt64 = 84_532) throws(StoreError) {
        let domain = SettlementDomain(
            network: Network(evm: network), contract: contract ?? SettlementDomain.standardContract)
        guard let domain else { throw .cancelled }
        _ = try Ledger(path: path, domain: domain, clock: { Stage.noon })
    }

    /// The tables of version 3, which had no index of payers and no times of blocks.
    private static let versionThree = """
        DROP INDEX events_funded;
        ALTER TABLE block_hashes DROP COLUMN time;
        PRAGMA user_version = 3;
        """

    /// The tables of version 2, which knew vouchers alone; made of those of version 3.
    private static let versionTwo = """
        ALTER TABLE authorizations RENAME TO newer;
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
        INSERT INTO authorizations
            SELECT token, payer, nonce, digest, channel, receiver, amount, tx FROM newer;
        DROP TABLE newer;
        DROP TABLE contract_funders;
        DROP TABLE contract_channels;
        DROP TABLE contract_limits;
        DROP TABLE block_hashes;
        ALTER TABLE events DROP COLUMN note;
        PRAGMA user_version = 2;
        """

    /// The tables of version 1, which knew deposits alone; made of those of version 2.
    private static let versionOne = """
        ALTER TABLE authorizations RENAME TO newer;
        CREATE TABLE authorizations (
            token BLOB NOT NULL REFERENCES tokens (address),
            payer BLOB NOT NULL CHECK (length(payer) = 20),
            nonce BLOB NOT NULL CHECK (length(nonce) = 32),
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            channel BLOB NOT NULL REFERENCES channels (id),
            amount BLOB NOT NULL CHECK (length(amount) = 16),
            tx BLOB NOT NULL CHECK (length(tx) = 32),
            PRIMARY KEY (token, payer, nonce)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO authorizations SELECT token, payer, nonce, digest, channel, amount, tx FROM newer;
        DROP TABLE newer;
        ALTER TABLE events DROP COLUMN receiver;
        PRAGMA user_version = 1;
        """

    /// Every row but the hashes of blocks, of which earlier versions knew less, and which are forgotten in any case.
    private static func lasting(_ stage: Stage) throws -> [String] {
        try stage.rows().filter { !$0.hasPrefix("block_hashes:") }
    }

    @Test(arguments: [
        [versionThree], [versionThree, versionTwo], [versionThree, versionTwo, versionOne],
    ])
    func `goes on with a file of an earlier version, and loses nothing in it`(steps: [String]) async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            let deposit: SignedDeposit
            let (receipt, before): (DepositReceipt, [String])
            do {
                let stage = try await Stage.funded(path: path)
                deposit = stage.deposit(100)
                receipt = try await stage.ledger.deposit(deposit)
                try await stage.claim(stage.row(30))
                before = try Self.lasting(stage)
                try await stage.ledger.database.writeWithoutTransaction { db in
                    for step in steps { try db.execute(sql: step) }
                }
            }
            let stage = try Stage(path: path)
            #expect(try Self.lasting(stage) == before, "as if it had been made today")
            try await stage.expectConserved()
            #expect(try await stage.ledger.deposit(deposit).transaction == receipt.transaction)
            _ = try await stage.ledger.transfer(stage.transfer(50))
            #expect(try await stage.holds(stage.payer) == 850)
            try await stage.expectConserved()
            let fresh = try Stage()
            #expect(try stage.schema() == fresh.schema())
        }
    }

    @Test func `is not opened by an older program`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            do {
                let stage = try await Stage.open(path: path)
                try await stage.ledger.database.writeWithoutTransaction {
                    try $0.execute(sql: "PRAGMA user_version = 5")
                }
            }
            #expect(throws: StoreError.newer(path: path)) { try opening(path) }
        }
    }

    @Test func `is not opened for another chain or contract`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            _ = try Stage(path: path)
            #expect(
                throws: StoreError.unavailable(
                    reason: "\(path) is a ledger whose network is eip155:84532, not eip155:1")
            ) { try opening(path, network: 1) }
            let error = #expect(throws: StoreError.self) { try opening(path, contract: Stage.token.address) }
            #expect(error?.message.contains("whose contract is 0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003") == true)
            try opening(path)
        }
    }

    @Test func `is not made out of a file that is something else`() async throws {
        try await withDirectory { directory in
            let path = directory + "/notes.txt"
            let notes = Data(String(repeating: "These are my notes. ", count: 100).utf8)
            try notes.write(to: URL(filePath: path))
            let error = #expect(throws: StoreError.self) { try opening(path) }
            #expect(error?.code == "store.damaged")
            #expect(try Data(contentsOf: URL(filePath: path)) == notes)
        }
    }

    @Test func `is not made out of another program's database, which stays as it is`() async throws {
        try await withDirectory { directory in
            let path = directory + "/contacts.db"
            do {
                let queue = try DatabaseQueue(path: path)
                try await queue.write { try $0.execute(sql: "CREATE TABLE contacts (name TEXT)") }
                try queue.close()
            }
            let before = try Data(contentsOf: URL(filePath: path))
            let refusal = StoreError.damaged(path: path, reason: "it is a database, but not a ledger of Farthing")
            #expect(throws: refusal) { try opening(path) }
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
        }
    }

    @Test(arguments: [
        "CREATE TABLE meta (name, value); INSERT INTO meta VALUES (NULL, NULL)",
        "CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('network', NULL), (x'ff', 'eip155:1')",
        "CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('network', x'fffe'), ('network', 1)",
        "CREATE TABLE meta (name); INSERT INTO meta VALUES ('network')",
        "CREATE TABLE meta (name, value); INSERT INTO meta VALUES ('network', 'a'), ('network', 'b')",
    ])
    func `is refused and brings nobody down when it only pretends to be a ledger`(sql: String) async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            do {
                let queue = try DatabaseQueue(path: path)
                try await queue.writeWithoutTransaction { db in
                    try db.execute(sql: "PRAGMA application_id = \(0x464C_4752); PRAGMA user_version = 4")
                    try db.execute(sql: sql)
                }
                try queue.close()
            }
            #expect(throws: StoreError.self) { try Ledger(existing: path) }
            #expect(throws: StoreError.self) { try opening(path) }
        }
    }

    @Test func `is not opened when its pages are damaged`() async throws {
        try await withDirectory { directory in
            let path = directory + "/ledger.db"
            try await LedgerAuditTests.lively(path: path).ledger.database.close()
            let file = try FileHandle(forUpdating: URL(filePath: path))
            try file.seek(toOffset: 100)
            try file.write(contentsOf: Data(repeating: 0xff, count: 2000))
            try file.close()
            let error = #expect(throws: StoreError.self) { try opening(path) }
            #expect(error?.code == "store.damaged")
        }
    }

    @Test func `is not made where no directory is, nor in the place of one`() async throws {
        try await withDirectory { directory in
            let path = directory + "/nowhere/ledger.db"
            #expect(throws: StoreError.missing(path: path)) { try opening(path) }
            let error = #expect(throws: StoreError.self) { try opening(directory) }
            #expect(error?.code == "store.unavailable")
        }
    }
}
