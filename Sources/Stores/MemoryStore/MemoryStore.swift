// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import Synchronization

/// Keeps channels in memory, for tests, examples and `farthing demo`.
///
/// Everything is gone when the process ends: never let money depend on it.
public final class MemoryStore: ChannelStore {
    private struct Contents {
        var records: [ChannelID: ChannelRecord] = [:]
        var outbox: [PendingEffect] = []  // in the order of their ids
        var lastEffect: PendingEffect.ID = 0
        var bookmarks: [String: UInt64] = [:]
    }

    private let contents = Mutex(Contents())

    public init() {}

    public func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        contents.withLock { $0.records[id] }
    }

    public func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        try carryOut(commit, over: expected)
    }

    public func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        answer(Result { () throws(StoreError) in try carryOut(commit, over: expected) })
    }

    private func carryOut(_ commit: ChannelCommit, over expected: Version?) throws(StoreError) -> [PendingEffect.ID] {
        try contents.withLock { (contents: inout Contents) throws(StoreError) in
            let stored = contents.records[commit.channel]?.version
            guard stored == expected else { throw .conflict(stored: stored) }
            contents.records[commit.channel] = ChannelRecord(
                scheme: commit.scheme, state: commit.state, version: expected?.next ?? Version(number: 1))
            return commit.effects.map { body in
                contents.lastEffect += 1
                contents.outbox.append(PendingEffect(id: contents.lastEffect, channel: commit.channel, body: body))
                return contents.lastEffect
            }
        }
    }

    public func pendingEffects(
        after: PendingEffect.ID?, limit: Int
    ) async throws(StoreError) -> [PendingEffect] {
        contents.withLock { contents in
            let start = after.map { contents.outbox.firstIndex(youngerThan: $0) } ?? 0
            return Array(contents.outbox[start...].prefix(max(0, limit)))
        }
    }

    public func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) {
        contents.withLock { contents in
            let next = contents.outbox.firstIndex(youngerThan: effect)
            guard next > 0, contents.outbox[next - 1].id == effect else { return }
            contents.outbox.remove(at: next - 1)
        }
    }

    public func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        contents.withLock { contents in
            let left = contents.records.keys.filter { id in after.map { id > $0 } ?? true }
            return left.sorted().prefix(max(0, limit)).compactMap { id in
                contents.records[id].map { StoredChannel(id: id, record: $0) }
            }
        }
    }

    public func bookmark(_ name: String) async throws(StoreError) -> UInt64? {
        contents.withLock { $0.bookmarks[name] }
    }

    public func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        contents.withLock { $0.bookmarks[name] = position }
    }
}

extension [PendingEffect] {
    /// Where the first effect younger than `id` stands, or would stand.
    fileprivate func firstIndex(youngerThan id: PendingEffect.ID) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].id <= id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
