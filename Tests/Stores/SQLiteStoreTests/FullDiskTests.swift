// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("An SQLite store on a full disk")
struct FullDiskTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    @Test func `says so, loses nothing, and goes on when there is room again`() async throws {
        let store = try SQLiteStore(path: path)
        _ = await store.limitPages(to: 100)
        let body = [UInt8](repeating: 9, count: 10_000)
        var stored = 0
        while await isFull(store, commit(stored, body, effects: [body])) == false { stored += 1 }
        #expect((1..<100).contains(stored))

        #expect(try await store.load(channel(stored)) == nil)
        #expect(try await store.channels(after: nil, limit: 1000).map(\.id) == (0..<stored).map { channel($0) })
        #expect(try await store.pendingEffects(after: nil, limit: 1000).count == stored)
        #expect(await isFull(store, commit(stored, body, effects: [body])), "it stays full")
        #expect(store.statistics.failures == 2)

        _ = await store.limitPages(to: 100_000)
        _ = try await store.commit(commit(stored, body, effects: [body]), over: nil)
        await store.close()
        let reopened = try SQLiteStore(path: path)
        #expect(try await reopened.verifyFile().isEmpty)
        #expect(try await reopened.channels(after: nil, limit: 1000).count == stored + 1)
        #expect(try await reopened.pendingEffects(after: nil, limit: 1000).count == stored + 1)
    }

    @Test func `writes nothing of a batch that does not fit`() async throws {
        let store = try SQLiteStore(path: path)
        _ = await store.limitPages(to: 20)
        let released = DispatchSemaphore(value: 0)
        store.holdWriter(until: released)
        let small = Task { await isFull(store, commit(1, effects: [[1]])) }
        await waitUntil(store, hasWaiting: 1)
        let large = Task { await isFull(store, commit(2, [UInt8](repeating: 1, count: 1 << 20))) }
        await waitUntil(store, hasWaiting: 2)
        released.signal()
        #expect(await small.value)
        #expect(await large.value)
        #expect(try await store.channels(after: nil, limit: 10).isEmpty)
        #expect(try await store.pendingEffects(after: nil, limit: 10).isEmpty)
        _ = try await store.commit(commit(1, effects: [[1]]), over: nil)
    }

    /// Set `FARTHING_SMALL_DISK` to a folder on a small file system to run it.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FARTHING_SMALL_DISK"] != nil))
    func `survives a disk that is full in truth`() async throws {
        let folder = try #require(ProcessInfo.processInfo.environment["FARTHING_SMALL_DISK"])
        let path = folder + "/\(UUID().uuidString).store"
        let filler = path + ".filler"
        defer { for name in [path, path + ".lock"] { try? FileManager.default.removeItem(atPath: name) } }
        let body = [UInt8](repeating: 9, count: 10_000)
        let store = try SQLiteStore(path: path)
        for number in 0..<10 { _ = try await store.commit(commit(number, body, effects: [body]), over: nil) }
        try fill(filler)
        var stored = 10
        while await isFull(store, commit(stored, body, effects: [body])) == false { stored += 1 }
        #expect(try await store.load(channel(stored)) == nil)
        #expect(try await store.channels(after: nil, limit: 10_000).count == stored)
        try FileManager.default.removeItem(atPath: filler)
        _ = try await store.commit(commit(stored, body, effects: [body]), over: nil)
        await store.close()
        let reopened = try SQLiteStore(path: path)
        #expect(try await reopened.verifyFile().isEmpty)
        #expect(try await reopened.channels(after: nil, limit: 10_000).count == stored + 1)
        #expect(try await reopened.pendingEffects(after: nil, limit: 10_000).count == stored + 1)
    }

    private func isFull(_ store: SQLiteStore, _ commit: ChannelCommit) async -> Bool {
        do {
            _ = try await store.commit(commit, over: nil)
            return false
        } catch {
            #expect(error.code == "store.full")
            return true
        }
    }

    /// Writes until the disk takes no more.
    private func fill(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        let bytes = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, bytes, bytes.count) > 0 {}
        close(descriptor)
    }
}
