// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingHashChainScheme
import FarthingPrimitives
import Foundation
import GRDB
import Testing

@testable import FarthingWallet

@Suite("A journal of version 1")
struct JournalUpgradeTests {
    @Test func `is brought up when it is opened, and keeps what is in it`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "journal").path(percentEncoded: false)
        do {
            let journal = try Journal(path: path)
            try await journal.database.writeWithoutTransaction { db in
                try db.execute(sql: "INSERT INTO hosts VALUES ('example.com')")
                try db.execute(sql: "DROP TABLE prepaid_channels; DROP INDEX entries_pending")
                try db.execute(sql: "PRAGMA user_version = 1")
            }
        }
        let journal = try Journal(path: path)
        #expect(try await journal.prepaid(HashChainPayer.self) == [])
        let (version, hosts) = try await journal.database.read { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA user_version"),
                try String.fetchAll(db, sql: "SELECT host FROM hosts")
            )
        }
        #expect(version == 3)
        #expect(hosts == ["example.com"])
    }
}
