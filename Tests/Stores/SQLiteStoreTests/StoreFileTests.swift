// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("The file of an SQLite store")
struct StoreFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    @Test func `is synced fully, although the pool sets less`() async throws {
        for mode in [SQLiteStore.Mode.readWrite, .readWriteExisting] {
            let store = try SQLiteStore(path: path, mode: mode)
            #expect(await store.setting("synchronous") == 2)
            _ = try await store.commit(commit(mode == .readWrite ? 1 : 2), over: nil)
            #expect(await store.setting("synchronous") == 2)
            await store.close()
        }
    }

    @Test func `is for its owner alone, and so are the files beside it`() async throws {
        let store = try SQLiteStore(path: path)
        _ = try await store.commit(commit(1), over: nil)
        _ = try await store.load(channel(1))
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
    }

    @Test func `is whole by itself once the store is closed`() async throws {
        let store = try SQLiteStore(path: path)
        _ = try await store.commit(commit(1), over: nil)
        _ = try await store.load(channel(1))
        await store.close()
        #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
        let copy = folder.newPath()
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        #expect(try await SQLiteStore(path: copy).load(channel(1))?.state == [1])
    }

    @Test func `can be looked at while another writes, and not be written`() async throws {
        let writer = try SQLiteStore(path: path)
        _ = try await writer.commit(commit(1, effects: [[7]]), over: nil)
        let viewer = try SQLiteStore(path: path, mode: .readOnly)
        #expect(try await viewer.load(channel(1))?.state == [1])
        _ = try await writer.commit(commit(2), over: nil)
        #expect(try await viewer.channels(after: nil, limit: 10).map(\.id) == [channel(1), channel(2)])
        #expect(try await viewer.pendingEffects(after: nil, limit: 10).map(\.body) == [[7]])
        #expect(try await viewer.verifyFile().isEmpty)

        let refusal = StoreError.unavailable(reason: "it was opened for reading only")
        await #expect(throws: refusal) { try await viewer.commit(commit(3), over: nil) }
        await #expect(throws: refusal) { try await viewer.acknowledge(1) }
        await #expect(throws: refusal) { try await viewer.setBookmark("log", to: 1) }
        await viewer.close()
        _ = try await writer.commit(commit(3), over: nil)
    }

    @Test func `can be looked at when nobody writes`() async throws {
        var store = try SQLiteStore(path: path)
        _ = try await store.commit(commit(1), over: nil)
        await store.close()
        store = try SQLiteStore(path: path, mode: .readOnly)
        #expect(try await store.load(channel(1))?.state == [1])
    }

    @Test(arguments: [SQLiteStore.Mode.readOnly, .readWriteExisting])
    func `is made only by who may make it`(mode: SQLiteStore.Mode) throws {
        #expect(throws: StoreError.missing(path: path)) { try SQLiteStore(path: path, mode: mode) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(throws: StoreError.missing(path: path)) { try SQLiteStore(path: path, mode: mode) }
        #expect(throws: Never.self) { try SQLiteStore(path: path) }
    }

    @Test func `cannot lie in a folder that is missing, nor be one`() throws {
        let nowhere = folder.url.appending(path: "no/such/store").path
        for path in [nowhere, folder.url.path, ""] {
            let refusal = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
            #expect(refusal?.code == "store.unavailable")
        }
        #expect(throws: StoreError.missing(path: nowhere)) { try SQLiteStore(path: nowhere, mode: .readOnly) }
    }

    @Test func `is refused when a later version wrote it`() async throws {
        await (try SQLiteStore(path: path)).close()
        try overwrite(at: 60, with: [0, 0, 0, 200])  // user_version
        #expect(throws: StoreError.newer(path: path)) { try SQLiteStore(path: path) }
        #expect(throws: StoreError.newer(path: path)) { try SQLiteStore(path: path, mode: .readOnly) }
    }

    @Test func `is refused, and left as it is, when another program wrote it`() async throws {
        let store = try SQLiteStore(path: path)
        _ = try await store.commit(commit(1), over: nil)
        await store.close()
        try overwrite(at: 68, with: [1, 2, 3, 4])  // application_id
        try overwrite(at: 18, with: [1, 1])  // a rollback journal, which opening must not turn into WAL
        let before = FileManager.default.contents(atPath: path)
        let refusal = StoreError.damaged(path: path, reason: "another program wrote it")
        #expect(throws: refusal) { try SQLiteStore(path: path) }
        #expect(FileManager.default.contents(atPath: path) == before)
    }

    @Test func `is refused, and left as it is, when it is no database`() throws {
        let text = Data(String(repeating: "Dear diary, today I earned a farthing. ", count: 100).utf8)
        #expect(FileManager.default.createFile(atPath: path, contents: text))
        for mode in [SQLiteStore.Mode.readWrite, .readOnly] {
            let refusal = #expect(throws: StoreError.self) { try SQLiteStore(path: path, mode: mode) }
            #expect(refusal?.code == "store.damaged")
        }
        #expect(FileManager.default.contents(atPath: path) == text)
    }

    private func overwrite(at offset: UInt64, with bytes: [UInt8]) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: bytes)
        try file.close()
    }
}
