// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// A real store that fails when a test says so, always before anything is written.
final class FaultyStore: ChannelStore {
    private struct Plan {
        var commitsLeft: Int?
        var acknowledges = true
        /// Whether the process that used it is dead: then nothing comes through at all.
        var isDead = false
        /// Whether nothing is written, as on a full disk.
        var isFull = false
    }

    static let failure = StoreError.unavailable(reason: "the test says so")

    let inner: any ChannelStore
    private let plan = Mutex(Plan())
    /// Where commits can be held up.
    let barrier = Barrier()

    init(_ inner: any ChannelStore) { self.inner = inner }

    /// So many writes come through; with the next one, the process that uses this is dead.
    func die(after writes: Int) { plan.withLock { $0.commitsLeft = writes } }
    func setAcknowledges(_ acknowledges: Bool) { plan.withLock { $0.acknowledges = acknowledges } }
    /// While it is full, nothing is written.
    func setFull(_ isFull: Bool) { plan.withLock { $0.isFull = isFull } }
    var isDead: Bool { plan.withLock { $0.isDead } }

    private func write() throws(StoreError) {
        let fails = plan.withLock { plan in
            if let left = plan.commitsLeft {
                plan.commitsLeft = max(0, left - 1)
                if left == 0 { plan.isDead = true }
            }
            return plan.isDead || plan.isFull
        }
        if fails { throw Self.failure }
    }

    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        if isDead { throw Self.failure }
        return try await inner.load(id)
    }
    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        await barrier.pass()
        try write()
        return try await inner.commit(commit, over: expected)
    }
    func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) {
        try write()
        guard plan.withLock({ $0.acknowledges }) else { throw Self.failure }
        try await inner.acknowledge(effect)
    }
    func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        try write()
        try await inner.setBookmark(name, to: position)
    }
    func pendingEffects(after: PendingEffect.ID?, limit: Int) async throws(StoreError) -> [PendingEffect] {
        try await inner.pendingEffects(after: after, limit: limit)
    }
    func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        try await inner.channels(after: after, limit: limit)
    }
    func bookmark(_ name: String) async throws(StoreError) -> UInt64? { try await inner.bookmark(name) }
}
