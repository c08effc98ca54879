// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingConformance
import FarthingSQLiteStore
import Testing

@Suite("The journal store")
struct JournalStoreTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func `does what every channel store must`() async throws {
        try await ChannelStoreConformance { try JournalStore(path: folder.newPath()) }.run()
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `agrees with a model on every walk, opened again on the way`(seed: UInt64) async throws {
        let path = folder.newPath()
        try await ChannelStoreWalk(seed: seed, steps: 200) { old in
            if let old = old as? JournalStore { await old.close() }
            return try JournalStore(path: path)
        }.run()
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `agrees with a model when it folds all the time`(seed: UInt64) async throws {
        let path = folder.newPath()
        var options = JournalStore.Options()
        options.foldAfter = 1
        options.fillAhead = 4096
        options.rowsInTransaction = 3
        try await ChannelStoreWalk(seed: seed, steps: 200) { [options] old in
            if let old = old as? JournalStore { await old.close() }
            return try JournalStore(path: path, options: options)
        }.run()
    }

    @Test func `gives everything back when it is opened again`() async throws {
        let path = folder.newPath()
        var store = try JournalStore(path: path)
        let ids = try await store.commit(commit(1, [1, 2], effects: [[3], [4]]), over: nil)
        try await store.setBookmark("log", to: .max)
        let record = try await store.load(channel(1))
        let effects = try await store.pendingEffects(after: nil, limit: 10)
        await store.close()

        store = try JournalStore(path: path, mode: .readWriteExisting)
        #expect(try await store.load(channel(1)) == record)
        #expect(try await store.pendingEffects(after: nil, limit: 10) == effects)
        #expect(try await store.bookmark("log") == .max)
        for id in ids { try await store.acknowledge(id) }
        await store.close()

        store = try JournalStore(path: path)
        let younger = try await store.commit(commit(2, effects: [[5]]), over: nil)
        #expect(try #require(younger.first) > (try #require(ids.last)), "a name is never used again")
    }

    @Test func `refuses everything once it is closed, and closes twice`() async throws {
        let store = try JournalStore(path: folder.newPath())
        _ = try await store.commit(commit(1), over: nil)
        await store.close()
        await store.close()
        let closed = StoreError.unavailable(reason: "it is closed")
        await #expect(throws: closed) { try await store.load(channel(1)) }
        await #expect(throws: closed) { try await store.channels(after: nil, limit: 1) }
        await #expect(throws: closed) { try await store.pendingEffects(after: nil, limit: 1) }
        await #expect(throws: closed) { try await store.bookmark("log") }
        await #expect(throws: closed) { try await store.commit(commit(1), over: nil) }
        await #expect(throws: closed) { try await store.acknowledge(1) }
        await #expect(throws: closed) { try await store.setBookmark("log", to: 1) }
        await #expect(throws: closed) { try await store.verifyFile() }
    }

    @Test func `refuses the names that it keeps for itself`() async throws {
        let store = try JournalStore(path: folder.newPath())
        let refusal = await #expect(throws: StoreError.self) {
            try await store.setBookmark("store.journal.folded", to: 7)
        }
        #expect(refusal?.code == "store.unavailable")
    }
}
