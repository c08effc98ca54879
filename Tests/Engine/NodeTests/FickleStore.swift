// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import FarthingMemoryStore
import FarthingPrimitives
import Synchronization

/// A real store whose answers come before a call returns, later, or say that nothing was written: a seed decides.
final class FickleStore: ChannelStore {
    enum Mood: CaseIterable {
        case atOnce
        case later
        case failedAtOnce
        case failedLater
        /// Somebody else is said to have written, so that the engine reads it again.
        case conflict
    }

    private struct State {
        var random: SeededGenerator
        var seen: Set<Mood> = []
    }

    /// What it keeps things in, and which never fails.
    let inner = MemoryStore()
    private let state: Mutex<State>
    private let moods: [Mood]
    private let queue = DispatchQueue(label: "farthing.fickle", attributes: .concurrent)

    /// - Parameter moods: What it does, each as often as it is named.
    init(seed: UInt64, moods: [Mood]) {
        state = Mutex(State(random: SeededGenerator(seed: seed)))
        self.moods = moods
    }

    /// All that it did so far.
    var seen: Set<Mood> { state.withLock { $0.seen } }

    func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        let mood = state.withLock { state in
            let mood = moods.randomElement(using: &state.random) ?? .atOnce
            state.seen.insert(mood)
            return mood
        }
        let inner = inner
        switch mood {
        case .atOnce: inner.submit(commit, over: expected, answer: answer)
        case .later: queue.async { inner.submit(commit, over: expected, answer: answer) }
        case .failedAtOnce: answer(.failure(.unavailable(reason: "by the seed")))
        case .failedLater: queue.async { answer(.failure(.unavailable(reason: "by the seed"))) }
        case .conflict: queue.async { answer(.failure(.conflict(stored: expected))) }
        }
    }

    func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] { try await inner.commit(commit, over: expected) }

    func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        let fails = state.withLock { state in
            moods.contains(.failedLater) && Int.random(in: 0..<10, using: &state.random) == 0
        }
        if fails { throw .unavailable(reason: "by the seed") }
        return try await inner.load(id)
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
        try await inner.setBookmark(name, to: position)
    }
}
