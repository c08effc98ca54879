// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import FarthingSQLiteStore
import Testing

@Suite("Commits that share a transaction")
struct GroupCommitTests {
    private let store: SQLiteStore
    private let path: String
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
        store = try SQLiteStore(path: path)
    }

    @Test func `take far fewer transactions than there are commits`() async throws {
        try await withThrowingTaskGroup { group in
            for number in 0..<1000 {
                group.addTask { [store] in _ = try await store.commit(commit(number), over: nil) }
            }
            try await group.waitForAll()
        }
        let statistics = store.statistics
        #expect(statistics.commits == 1000)
        #expect(statistics.transactions < 500)
        #expect(statistics.meanBatch == 1000 / Double(statistics.transactions))
        #expect(try await store.channels(after: nil, limit: 2000).count == 1000)
    }

    @Test func `go out together when they have waited together, a thousand at most`() async throws {
        let released = DispatchSemaphore(value: 0)
        store.holdWriter(until: released)
        try await withThrowingTaskGroup { group in
            for number in 0..<1001 {
                group.addTask { [store] in _ = try await store.commit(commit(number), over: nil) }
            }
            await waitUntil(store, hasWaiting: 1001)
            released.signal()
            try await group.waitForAll()
        }
        #expect(store.statistics.transactions == 2)
        #expect(store.statistics.largestBatch == 1000)
    }

    @Test func `fail alone when they are stale`() async throws {
        let released = DispatchSemaphore(value: 0)
        store.holdWriter(until: released)
        let first = Task { try await store.commit(commit(1, [1], effects: [[1]]), over: nil) }
        await waitUntil(store, hasWaiting: 1)
        let stale = Task { try await store.commit(commit(1, [2], effects: [[2]]), over: nil) }
        await waitUntil(store, hasWaiting: 2)
        let next = Task { try await store.commit(commit(1, [3], effects: [[3]]), over: Version(number: 1)) }
        await waitUntil(store, hasWaiting: 3)
        let other = Task { try await store.commit(commit(2), over: nil) }
        await waitUntil(store, hasWaiting: 4)
        released.signal()

        _ = try await first.value
        await #expect(throws: StoreError.conflict(stored: Version(number: 1))) { try await stale.value }
        _ = try await next.value
        _ = try await other.value
        #expect(store.statistics.transactions == 1)
        #expect(store.statistics.conflicts == 1)
        #expect(try await store.load(channel(1))?.state == [3])
        #expect(try await store.pendingEffects(after: nil, limit: 10).map(\.body) == [[1], [3]])
    }

    @Test func `are carried out although nobody waits for them any more`() async throws {
        let released = DispatchSemaphore(value: 0)
        store.holdWriter(until: released)
        let waiter = Task { try await store.commit(commit(1, effects: [[7]]), over: nil) }
        await waitUntil(store, hasWaiting: 1)
        waiter.cancel()
        released.signal()
        #expect(try await waiter.value.count == 1)
        #expect(try await store.load(channel(1))?.state == [1])
        #expect(try await store.pendingEffects(after: nil, limit: 10).map(\.body) == [[7]])
    }

    @Test func `are all written before the store closes`() async throws {
        let released = DispatchSemaphore(value: 0)
        store.holdWriter(until: released)
        try await withThrowingTaskGroup { group in
            for number in 0..<50 {
                group.addTask { [store] in _ = try await store.commit(commit(number), over: nil) }
            }
            await waitUntil(store, hasWaiting: 50)
            group.addTask { [store] in await store.close() }
            released.signal()
            try await group.waitForAll()
        }
        await #expect(throws: StoreError.self) { try await store.commit(commit(51), over: nil) }
        let reopened = try SQLiteStore(path: path)
        #expect(try await reopened.channels(after: nil, limit: 100).count == 50)
    }

    @Test func `count acknowledgements and bookmarks with them`() async throws {
        let ids = try await store.commit(commit(1, effects: [[1]]), over: nil)
        try await store.acknowledge(ids[0])
        try await store.setBookmark("log", to: 1)
        let statistics = store.statistics
        #expect((statistics.commits, statistics.writes, statistics.waiting) == (1, 3, 0))
    }
}
