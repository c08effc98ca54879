// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation
import GRDB
import Testing

@testable import FarthingWallet

@Suite("A new journal")
struct NewJournalTests {
    @Test func `is made once when many open it at the same moment, and forgets nothing that one of them wrote`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for round in 0..<100 {
            let path = folder.appending(path: "\(round)").path(percentEncoded: false)
            let names = (0..<4).map { "\($0).example" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask {
                        try await Journal(path: path).database.writeWithoutTransaction {
                            try $0.execute(sql: "INSERT INTO hosts VALUES (?)", arguments: [name])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let hosts = try await Journal(path: path).database.read {
                try String.fetchAll($0, sql: "SELECT host FROM hosts ORDER BY host")
            }
            #expect(hosts == names)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: folder.appending(path: "0").path)[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }
}
