// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// A real store that can be held up, and that fails when a test says so.
///
/// A failure comes before anything is written, as the port demands.
final class TrickyStore: ChannelStore {
    private struct Plan {
        var failures: [StoreError] = []
        var loadFailures: [StoreError] = []
        var commits: [ChannelCommit] = []
    }

    let inner: any ChannelStore
    /// Where commits wait.
    let door = Door()
    private let plan = Mutex(Plan())
    /// Told of each commit before it is carried out; what it throws is thrown instead.
    private let before: (@Sendable (ChannelCommit, any ChannelStore) async throws(StoreError) -> Void)?

    init(
        _ inner: any ChannelStore,
        before: (@Sendable (ChannelCommit, any ChannelStore) async throws(StoreError) -> Void)? = nil
    ) {
        self.inner = inner
        self.before = before
    }

    /// The next commits fail, one after the other, with these.
    func failNext(_ errors: StoreError...) { plan.withLock { $0.failures += errors } }
    func failNextLoad(_ error: StoreError) { plan.withLock { $0.loadFailures.append(error) } }

    /// What was committed, in that order.
    var commits: [ChannelCommit] { plan.withLock { $0.commits } }

    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        let failure = plan.withLock { $0.loadFailures.isEmpty ? nil : $0.loadFailures.removeFirst() }
        if let failure { throw failure }
        return try await inner.load(id)
    }

    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        await door.pass()
        let failure = plan.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
        try await before?(commit, inner)
        let ids = try await inner.commit(commit, over: expected)
        plan.withLock { $0.commits.append(commit) }
        return ids
    }

    func pendingEffects(after: PendingEffect.ID?, limit: Int) async throws(StoreError) -> [PendingEffect] {
        try await inner.pendingEffects(after: after, limit: limit)
    }

    func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) { try await inner.acknowledge(effect) }

    func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        try await inner.channels(after: after, limit: limit)
    }

    func bookmark(_ name: String) async throws(StoreError) -> UInt64? { try await inner.bookmark(name) }

    func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        let failure = plan.withLock { $0.failures.isEmpty ? nil : $0.failures.removeFirst() }
        if let failure { throw failure }
        try await inner.setBookmark(name, to: position)
    }
}
