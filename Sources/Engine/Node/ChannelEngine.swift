// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
import Synchronization

/// Runs channels of one scheme: load, apply, commit, and only then hand out the effects.
///
/// Events of one channel are applied one after the other. Those that arrive while a commit is under way wait
/// and are then applied and committed together, so a busy channel costs one write for many events. Events of
/// different channels do not wait for each other.
///
/// An answer from ``apply(_:to:opening:)`` means that what it tells has reached the disk. When a commit fails,
/// the channel is as it was before, in memory too.
public final class ChannelEngine<Scheme: StoredChannelScheme>: Sendable {
    /// A channel after an event, and what must be done now that it is stored.
    public struct Applied: Sendable {
        public let state: Scheme
        public let effects: [StoredEffect]
    }

    /// An effect that is in the outbox until it is acknowledged.
    public struct StoredEffect: Identifiable, Sendable {
        public let id: PendingEffect.ID
        public let effect: Scheme.Effect
    }

    private struct Job: Sendable {
        let event: Scheme.Event
        let opening: Scheme?
        let continuation: CheckedContinuation<Applied, any Error>
    }

    private struct Slot {
        var state: Scheme?
        /// What the channel was before its first event, while it was never stored.
        var opening: Scheme?
        var version: Version?
        var isLoaded = false
        var isBusy = false
        var waiting: [Job] = []

        /// Nothing of it is worth keeping: it was never stored, and is as it was found.
        var isForgettable: Bool { !isBusy && version == nil && (state == nil || state == opening) }
    }

    private final class Shard: Sendable {
        let slots = Mutex<[ChannelID: Slot]>([:])
    }

    private let store: any ChannelStore
    private let shards: [Shard]
    private let committed: @Sendable (_ id: ChannelID, _ before: Scheme?, _ after: Scheme) -> Void

    /// - Parameter committed: Told of each commit before its answer, one channel's commits in their order. `before`
    ///   also has what was only in memory; it is `nil` for a channel that was never stored.
    public init(
        store: any ChannelStore,
        committed: @escaping @Sendable (_ id: ChannelID, _ before: Scheme?, _ after: Scheme) -> Void = { _, _, _ in }
    ) {
        self.store = store
        self.committed = committed
        shards = (0..<64).map { _ in Shard() }
    }

    /// The channel as it stands, with what is only in memory, or `nil` when it was never stored.
    public func state(of id: ChannelID) async throws -> Scheme? {
        let known = shard(of: id).slots.withLock { slots in slots[id].flatMap { $0.isLoaded ? $0.state : nil } }
        if let known { return known }
        return try await load(id)?.state
    }

    /// Applies an event and commits what came of it.
    ///
    /// - Parameter opening: The channel to start from when it was never stored; `nil` refuses unknown channels.
    /// - Throws: The scheme's refusal, a `StoreError`, or ``EngineError``; the channel is then as it was.
    public func apply(_ event: Scheme.Event, to id: ChannelID, opening: Scheme? = nil) async throws -> Applied {
        if let applied = try applyInMemory(event, to: id) { return applied }
        return try await withCheckedThrowingContinuation { continuation in
            let job = Job(event: event, opening: opening, continuation: continuation)
            let isFirst = shard(of: id).slots.withLock { slots in
                slots[id, default: Slot()].waiting.append(job)
                guard slots[id]?.isBusy == false else { return false }
                slots[id]?.isBusy = true
                return true
            }
            if isFirst { Task { await drive(id) } }
        }
    }

    /// Says that an effect was carried out.
    public func acknowledge(_ effect: PendingEffect.ID) async throws { try await store.acknowledge(effect) }

    /// Effects that were committed before a restart and never acknowledged, oldest first.
    public func unfinishedEffects(
        after last: PendingEffect.ID?, limit: Int
    ) async throws -> [(channel: ChannelID, effect: StoredEffect)] {
        try await store.pendingEffects(after: last, limit: limit).map { pending in
            (pending.channel, StoredEffect(id: pending.id, effect: try Scheme.effect(stored: pending.body)))
        }
    }

    /// All stored channels in the order of their ids, a page at a time.
    public func channels(after last: ChannelID?, limit: Int) async throws -> [(id: ChannelID, state: Scheme)] {
        var last = last
        while true {
            let page = try await store.channels(after: last, limit: limit)
            let ours = page.filter { $0.record.scheme == Scheme.schemeName }
            // A page of other schemes' channels is not the end.
            guard ours.isEmpty, let end = page.last else {
                return try ours.map { ($0.id, try Scheme(stored: $0.record.state)) }
            }
            last = end.id
        }
    }

    /// How many channels are kept in memory.
    package var channelsInMemory: Int { shards.reduce(0) { $0 + $1.slots.withLock { $0.count } } }

    // MARK: - One channel's turn

    /// An event that changes nothing durable, on a channel that nobody works on, needs no wait.
    private func applyInMemory(_ event: Scheme.Event, to id: ChannelID) throws -> Applied? {
        try shard(of: id).slots.withLock { slots in
            guard let slot = slots[id], slot.isLoaded, !slot.isBusy, let before = slot.state else { return nil }
            var after = before
            guard try after.apply(event).isEmpty, after.stored == before.stored else { return nil }
            slots[id]?.state = after
            if slots[id]?.isForgettable == true { slots[id] = nil }
            return Applied(state: after, effects: [])
        }
    }

    private func drive(_ id: ChannelID) async {
        let shard = shard(of: id)
        while true {
            do {
                // Also after a conflict: whatever the store holds now is read again.
                if !shard.slots.withLock({ $0[id]?.isLoaded ?? false }) {
                    let record = try await load(id)
                    shard.slots.withLock { slots in
                        slots[id]?.state = record?.state
                        slots[id]?.version = record?.version
                        slots[id]?.isLoaded = true
                    }
                }
            } catch {
                let jobs = shard.slots.withLock { $0.removeValue(forKey: id)?.waiting ?? [] }
                for job in jobs { job.continuation.resume(throwing: error) }
                return
            }
            guard let turn = takeTurn(of: id, in: shard) else { return }
            await carryOut(turn, of: id, in: shard)
        }
    }

    private struct Turn {
        let jobs: [Job]
        let before: Scheme?
        let version: Version?
    }

    private func takeTurn(of id: ChannelID, in shard: Shard) -> Turn? {
        shard.slots.withLock { slots in
            guard let slot = slots[id], !slot.waiting.isEmpty else {
                slots[id]?.isBusy = false
                if slots[id]?.isForgettable == true { slots[id] = nil }
                return nil
            }
            slots[id]?.waiting = []
            return Turn(jobs: slot.waiting, before: slot.state, version: slot.version)
        }
    }

    private func carryOut(_ turn: Turn, of id: ChannelID, in shard: Shard) async {
        var state = turn.before
        var opening: Scheme?
        var effects: [Scheme.Effect] = []
        var done: [(job: Job, state: Scheme, effects: Range<Int>)] = []
        for job in turn.jobs {
            guard var next = state ?? job.opening else {
                job.continuation.resume(throwing: EngineError.unknownChannel(id))
                continue
            }
            if state == nil { opening = next }
            do {
                let start = effects.count
                effects += try next.apply(job.event)
                state = next
                done.append((job, next, start..<effects.count))
            } catch {
                job.continuation.resume(throwing: error)
            }
        }
        do {
            let ids = try await commit(state, effects, over: turn, of: id, in: shard, opening: opening)
            for entry in done {
                let stored = entry.effects.map { StoredEffect(id: ids[$0], effect: effects[$0]) }
                entry.job.continuation.resume(returning: Applied(state: entry.state, effects: stored))
            }
        } catch {
            for entry in done { entry.job.continuation.resume(throwing: error) }
        }
    }

    private func commit(
        _ state: Scheme?, _ effects: [Scheme.Effect], over turn: Turn, of id: ChannelID, in shard: Shard,
        opening: Scheme?
    ) async throws -> [PendingEffect.ID] {
        guard let state else { return [] }
        let bytes = state.stored
        var ids: [PendingEffect.ID] = []
        var version = turn.version
        if !effects.isEmpty || bytes != (turn.before ?? opening)?.stored {
            let commit = ChannelCommit(
                channel: id, scheme: Scheme.schemeName, state: bytes, effects: effects.map(Scheme.stored))
            do {
                ids = try await store.commit(commit, over: turn.version)
                version = turn.version?.next ?? Version(number: 1)
                committed(id, turn.before, state)
            } catch {
                shard.slots.withLock { slots in
                    if case .conflict = error { slots[id]?.isLoaded = false }
                }
                throw error
            }
        }
        shard.slots.withLock { slots in
            if slots[id]?.state == nil { slots[id]?.opening = opening }
            slots[id]?.state = state
            slots[id]?.version = version
        }
        return ids
    }

    private func load(_ id: ChannelID) async throws -> (state: Scheme, version: Version)? {
        guard let record = try await store.load(id) else { return nil }
        guard record.scheme == Scheme.schemeName else {
            throw EngineError.otherScheme(id, stored: record.scheme, asked: Scheme.schemeName)
        }
        return (try Scheme(stored: record.state), record.version)
    }

    private func shard(of id: ChannelID) -> Shard {
        // Ids are digests, so any of their bytes spreads them evenly.
        id.hash.withBytes { shards[Int($0[0]) % shards.count] }
    }
}
