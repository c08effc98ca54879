// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("The lock of an SQLite store")
struct StoreLockTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    @Test func `keeps a second opener out, and names the process that holds it`() async throws {
        let store = try SQLiteStore(path: path)
        let inUse = StoreError.inUse(path: path, by: getpid())
        #expect(throws: inUse) { try SQLiteStore(path: path) }
        #expect(throws: inUse) { try SQLiteStore(path: path, mode: .readWriteExisting) }
        _ = try await store.commit(commit(1), over: nil)
    }

    @Test func `is the same under another name of the file`() async throws {
        let store = try SQLiteStore(path: path)
        let link = folder.newPath()
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        #expect(throws: StoreError.inUse(path: link, by: getpid())) { try SQLiteStore(path: link) }
        await store.close()
        #expect(throws: Never.self) { try SQLiteStore(path: link) }
    }

    @Test func `ends when the store is closed`() async throws {
        let store = try SQLiteStore(path: path)
        await store.close()
        #expect(throws: Never.self) { try SQLiteStore(path: path) }
        withExtendedLifetime(store) {}
    }

    @Test func `ends when the store is let go`() async throws {
        do {
            let store = try SQLiteStore(path: path)
            _ = try await store.commit(commit(1), over: nil)
        }
        #expect(try await SQLiteStore(path: path).load(channel(1))?.state == [1])
    }

    @Test func `ends when the file cannot be opened after all`() throws {
        #expect(FileManager.default.createFile(atPath: path, contents: Data(repeating: 7, count: 5000)))
        #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: Never.self) { try SQLiteStore(path: path) }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
    func `keeps another process out`() async throws {
        let store = try SQLiteStore(path: path)
        #expect(try Child.run("flock -n \"$0\" true", path + ".lock") != 0)
        await store.close()
        #expect(try Child.run("flock -n \"$0\" true", path + ".lock") == 0)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
    func `respects another process until that one dies`() async throws {
        let script = "exec 9>>\"$0\"; flock -n 9 && echo $$ > \"$0\" && echo held && exec cat"
        let child = try Child(script, path + ".lock")
        #expect(try child.firstLine() == "held")
        let inUse = StoreError.inUse(path: path, by: child.identifier)
        #expect(throws: inUse) { try SQLiteStore(path: path) }
        #expect(inUse.message == "The store \(path) is in use by process \(child.identifier).")
        child.kill()
        #expect(throws: Never.self) { try SQLiteStore(path: path) }
    }
}
