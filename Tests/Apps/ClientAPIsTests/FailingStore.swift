// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import Synchronization

/// A store whose disk is full as long as it is told so.
final class FailingStore: ChannelStore {
    private let store = MemoryStore()
    private let full = Mutex(false)

    func fail(_ now: Bool) { full.withLock { $0 = now } }

    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? { try await store.load(id) }

    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        guard !full.withLock({ $0 }) else { throw .full(path: "the disk") }
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
