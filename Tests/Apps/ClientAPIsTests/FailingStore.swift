// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import Synchronization

/// A store whose disk is full as long as it is told so.
final class FailingStore: ChannelStore {
    private let store = MemoryStore()
    /// How many commits there is still room for; `nil` for any number.
    private let room = Mutex(Int?.none)

    func fail(_ now: Bool) { room.withLock { $0 = now ? 0 : nil } }

    /// Is full after so many more commits.
    func fail(after commits: Int) { room.withLock { $0 = commits } }

    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? { try await store.load(id) }

    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        let isFull = room.withLock { room in
            guard let left = room else { return false }
            room = max(0, left - 1)
            return left == 0
        }
        guard !isFull else { throw .full(path: "the disk") }
        return try await store.commit(commit, over: expected)
    }

    func pendingEffects(
        after: PendingEffect.ID?, limit: Int
    ) async throws(StoreError) -> [PendingEffect] { try await store.pendingEffects(after: after, limit: limit) }

    func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) { try await store.acknowledge(effect) }

    func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        try await store.channels(after: after, limit: limit)
    }

    func bookmark(_ name: String) async throws(StoreError) -> UInt64? { try await store.bookmark(name) }

    func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        try await store.setBookmark(name, to: position)
    }
}
