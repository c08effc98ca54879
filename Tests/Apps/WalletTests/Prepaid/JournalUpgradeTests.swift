// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHashChainScheme
import FarthingPrimitives
import Foundation
import GRDB
import Testing

@testable import FarthingWallet

@Suite("A journal of an earlier version")
struct JournalUpgradeTests {
    @Test(arguments: [
        (1, "DROP TABLE prepaid_channels; DROP INDEX entries_pending; DROP TABLE deposit_numbers"),
        (2, "DROP INDEX entries_pending; DROP TABLE deposit_numbers"), (3, "DROP TABLE deposit_numbers"),
    ])
    func `is brought up when it is opened, and keeps what is in it`(old: Int, missing: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "journal").path(percentEncoded: false)
        do {
            let journal = try Journal(path: path)
            try await journal.database.writeWithoutTransaction { db in
                try db.execute(sql: "INSERT INTO hosts VALUES ('example.com')")
                try db.execute(sql: missing)
                try db.execute(sql: "PRAGMA user_version = \(old)")
            }
        }
        let journal = try Journal(path: path)
        #expect(try await journal.prepaid(HashChainPayer.self) == [])
        let number = try await journal.takeDepositNumber(
            of: .zero, on: Network(stacks: 1), from: 3, until: Instant(unixSeconds: 9), at: Instant(unixSeconds: 1))
        #expect(number == 3)
        let (version, hosts) = try await journal.database.read { db in
            (
                try Int.fetchOne(db, sql: "PRAGMA user_version"),
                try String.fetchAll(db, sql: "SELECT host FROM hosts")
            )
        }
        #expect(version == 4)
        #expect(hosts == ["example.com"])
    }
}
