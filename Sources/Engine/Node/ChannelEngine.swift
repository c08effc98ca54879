// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import Synchronization

/// Runs channels of one scheme: load, apply, commit, and only then hand out the effects.
///
/// Events of one channel are applied one after the other. Those that arrive while a commit is under way wait
/// and are then applied and committed together, so a busy channel costs one write for many events. Events of
/// different channels do not wait for each other.
///
/// An answer from ``apply(_:to:opening:)`` means that what it tells has reached the disk. When a commit fails,
/// the channel is as it was before, in memory too; what was to be committed with it and needs no disk is done.
///
/// All that an event passes through is inlinable, because code that is compiled for one scheme is several times as
/// fast as code for any scheme.
public final class ChannelEngine<Scheme: StoredChannelScheme>: Sendable {
    /// A channel after an event, and what must be done now that it is stored.
    public struct Applied: Sendable {
        @usableFromInline let standing: ChannelStanding<Scheme>
        public let effects: [StoredEffect]

        @inlinable public var state: Scheme { standing.state }

        @inlinable init(_ standing: ChannelStanding<Scheme>, effects: [StoredEffect]) {
            self.standing = standing
            self.effects = effects
        }
    }

    /// An effect that is in the outbox until it is acknowledged.
    public struct StoredEffect: Identifiable, Sendable {
        public let id: PendingEffect.ID
        public let effect: Scheme.Effect

        @inlinable init(id: PendingEffect.ID, effect: Scheme.Effect) {
            self.id = id
            self.effect = effect
        }
    }

    /// Told what came of an event.
    public typealias Answer = @Sendable (Result<Applied, any Error>) -> Void

    @usableFromInline let store: any ChannelStore
    @usableFromInline let index = ChannelIndex<Scheme>()
    /// Whether every channel of the scheme that is stored is in the index.
    @usableFromInline let hasAll = Mutex(false)
    @usableFromInline let others = Mutex<Set<String>>([])
    @usableFromInline let committed: @Sendable (_ id: ChannelID, _ before: Scheme?, _ after: Scheme) -> Void

    /// - Parameter committed: Told of each commit before its answer, one channel's commits in their order. `before`
    ///   also has what was only in memory; it is `nil` for a channel that was never stored.
    @inlinable public init(
        store: any ChannelStore,
        committed: @escaping @Sendable (_ id: ChannelID, _ before: Scheme?, _ after: Scheme) -> Void = { _, _, _ in }
    ) {
        self.store = store
        self.committed = committed
    }

    // MARK: - Looking

    /// The channel as it stands, with what is only in memory, or `nil` when it was never stored.
    @inlinable public func state(of id: ChannelID) async throws -> Scheme? {
        if let known = knownState(of: id) { return known }
        return try await load(id)?.state
    }

    /// The channel as it stands, or `nil` when it is not in memory.
    @inlinable public func knownState(of id: ChannelID) -> Scheme? { index.find(id)?.standing?.state }

    // MARK: - Events

    /// Applies an event and commits what came of it.
    ///
    /// - Parameter opening: The channel to start from when it was never stored; `nil` refuses unknown channels.
    /// - Throws: The scheme's refusal, a `StoreError`, or ``EngineError``; the channel is then as it was.
    @inlinable public func apply(
        _ event: Scheme.Event, to id: ChannelID, opening: Scheme? = nil
    ) async throws -> Applied {
        if let standing = try standing(after: event, of: id) { return Applied(standing, effects: []) }
        return try await withCheckedThrowingContinuation { continuation in
            submit(event, to: id, opening: opening) { continuation.resume(with: $0) }
        }
    }

    /// Applies an event that changes nothing durable, on a channel in memory that nobody works on.
    ///
    /// - Returns: The channel after it, or `nil` when ``apply(_:to:opening:)`` has to do it; nothing happened then.
    @inlinable public func applyNow(_ event: Scheme.Event, to id: ChannelID) throws(Scheme.Refusal) -> Scheme? {
        try standing(after: event, of: id)?.state
    }

    @inlinable func standing(
        after event: Scheme.Event, of id: ChannelID
    ) throws(Scheme.Refusal) -> ChannelStanding<Scheme>? {
        guard let cell = index.find(id), let after = try cell.applyNow(event) else { return nil }
        index.dropIfForgettable(cell)
        return after
    }

    /// Applies an event as ``apply(_:to:opening:)`` does, for callers that have many under way and no task for each.
    ///
    /// - Parameter answer: Called once, on any thread, perhaps before this returns. It must not block. What it submits to
    ///   the same channel has its turn when it has returned; what it submits to another one may be answered within it.
    @inlinable public func submit(
        _ event: Scheme.Event, to id: ChannelID, opening: Scheme? = nil, answer: @escaping Answer
    ) {
        let job = ChannelJob(event: event, opening: opening.map { ChannelStanding($0) }, answer: answer)
        while true {
            let cell = index.findOrMake(id)
            let step = cell.enter(job)
            guard case .lookAgain = step else { return take(step, of: cell) }
        }
    }

    /// Applies events of one channel that came together, in their order, with one commit for all of them.
    ///
    /// Each is answered as by ``submit(_:to:opening:answer:)``, and refused or not by itself.
    @inlinable public func submit(_ events: [(event: Scheme.Event, answer: Answer)], to id: ChannelID) {
        guard !events.isEmpty else { return }
        let jobs = events.map { ChannelJob<Scheme>(event: $0.event, opening: nil, answer: $0.answer) }
        while true {
            let cell = index.findOrMake(id)
            let step = cell.enter(jobs)
            guard case .lookAgain = step else { return take(step, of: cell) }
        }
    }

    /// Says that an effect was carried out.
    @inlinable public func acknowledge(_ effect: PendingEffect.ID) async throws { try await store.acknowledge(effect) }

    /// Effects that were committed before a restart and never acknowledged, oldest first.
    ///
    /// Those of other schemes' channels, which lie in the same outbox, are passed over.
    @inlinable public func unfinishedEffects(
        after last: PendingEffect.ID?, limit: Int
    ) async throws -> [(channel: ChannelID, effect: StoredEffect)] {
        var last = last
        while true {
            let page = try await store.pendingEffects(after: last, limit: limit)
            guard let end = page.last else { return [] }
            var ours: [(channel: ChannelID, effect: StoredEffect)] = []
            for pending in page where try await isOurs(pending.channel) {
                ours.append(
                    (pending.channel, StoredEffect(id: pending.id, effect: try Scheme.effect(stored: pending.body))))
            }
            // A page of other schemes' effects is not the end.
            guard ours.isEmpty else { return ours }
            last = end.id
        }
    }

    @inlinable func isOurs(_ id: ChannelID) async throws -> Bool {
        if let cell = index.find(id) {
            if cell.standing != nil { return true }
        } else if hasAll.withLock({ $0 }) {
            // There may be a million effects of another scheme, and to read the store for each takes minutes.
            return false
        }
        return try await store.load(id)?.scheme == Scheme.schemeName
    }

    /// All stored channels in the order of their ids, a page at a time.
    @inlinable public func channels(after last: ChannelID?, limit: Int) async throws -> [(id: ChannelID, state: Scheme)]
    {
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

    /// Brings all stored channels into memory, where they stay.
    ///
    /// - Parameter visit: Shown each of them once, in the order of their ids.
    @inlinable public func loadAll(_ visit: (ChannelID, Scheme) -> Void = { _, _ in }) async throws {
        var last: ChannelID?
        while true {
            let page = try await store.channels(after: last, limit: 1000)
            guard let end = page.last?.id else { break }
            for stored in page {
                guard stored.record.scheme == Scheme.schemeName else {
                    others.withLock { _ = $0.insert(stored.record.scheme) }
                    continue
                }
                let state = try Scheme(stored: stored.record.state)
                index.keep(ChannelCell(stored.id, state, stored.record.version))
                visit(stored.id, state)
            }
            last = end
        }
        hasAll.withLock { $0 = true }
    }

    /// The names of other schemes of which the store had channels at ``loadAll(_:)``.
    public var otherSchemes: Set<String> { others.withLock { $0 } }

    /// How many channels are kept in memory.
    package var channelsInMemory: Int { index.count }

    // MARK: - One channel's turn

    @inlinable func take(_ first: ChannelCell<Scheme>.Step, of cell: ChannelCell<Scheme>) {
        var step = first
        while case .run(let turn) = step {
            turn.tellRefused()
            guard turn.isDurable else {
                cell.finish(turn)
                turn.tell([])
                step = cell.goOn()
                continue
            }
            store.submit(turn.commit(of: cell.id), over: turn.version) { [self] result in
                guard turn.arrived(result) else { return }
                take(conclude(turn, result, of: cell), of: cell)
            }
            // Most stores answer later, from a thread of their own.
            guard let result = turn.returned() else { return }
            step = conclude(turn, result, of: cell)
        }
        if case .load = step {
            Task { await load(cell) }
        } else {
            index.dropIfForgettable(cell)
        }
    }

    @inlinable func conclude(
        _ turn: ChannelTurn<Scheme>, _ result: Result<[PendingEffect.ID], StoreError>, of cell: ChannelCell<Scheme>
    ) -> ChannelCell<Scheme>.Step {
        switch result {
        case .success(let ids):
            if let after = turn.after { committed(cell.id, turn.before?.state, after.state) }
            cell.finish(turn)
            turn.tell(ids)
        case .failure(.conflict(let stored)):
            // Whatever the store holds now is read again, and what was only in memory is gone.
            cell.becomeStale()
            turn.tell(.conflict(stored: stored))
        case .failure(let error):
            let rest = ChannelTurn(rest: turn, failing: error)
            cell.finish(rest)
            rest.tellRefused()
            rest.tell([])
        }
        return cell.goOn()
    }

    @inlinable func load(_ cell: ChannelCell<Scheme>) async {
        do {
            take(cell.loaded(try await load(cell.id)), of: cell)
        } catch {
            let jobs = cell.failedToLoad()
            index.dropIfForgettable(cell)
            for job in jobs { job.answer(.failure(error)) }
        }
    }

    @inlinable func load(_ id: ChannelID) async throws -> (state: Scheme, version: Version)? {
        guard let record = try await store.load(id) else { return nil }
        guard record.scheme == Scheme.schemeName else {
            throw EngineError.otherScheme(id, stored: record.scheme, asked: Scheme.schemeName)
        }
        return (try Scheme(stored: record.state), record.version)
    }
}
