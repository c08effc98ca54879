// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import Synchronization

/// An event that waits for its channel, and whoever wants to know what came of it.
@usableFromInline struct ChannelJob<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline let event: Scheme.Event
    @usableFromInline let opening: ChannelStanding<Scheme>?
    @usableFromInline let answer: ChannelEngine<Scheme>.Answer

    @inlinable init(
        event: Scheme.Event, opening: ChannelStanding<Scheme>?, answer: @escaping ChannelEngine<Scheme>.Answer
    ) {
        self.event = event
        self.opening = opening
        self.answer = answer
    }
}

/// Events of one channel that are applied one after the other and committed together.
@usableFromInline final class ChannelTurn<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline struct Entry: Sendable {
        /// Which of the turn's jobs it is.
        @usableFromInline let job: Int
        @usableFromInline let after: ChannelStanding<Scheme>
        @usableFromInline let effects: Range<Int>

        @inlinable init(job: Int, after: ChannelStanding<Scheme>, effects: Range<Int>) {
            self.job = job
            self.after = after
            self.effects = effects
        }
    }

    @usableFromInline let before: ChannelStanding<Scheme>?
    @usableFromInline let version: Version?
    /// What the channel becomes; `nil` when every event was refused before there was one.
    @usableFromInline let after: ChannelStanding<Scheme>?
    /// What the channel was taken to be before its first event.
    @usableFromInline let opening: ChannelStanding<Scheme>?
    /// Whether something must be written before anybody is answered.
    @usableFromInline let isDurable: Bool
    @usableFromInline let effects: [Scheme.Effect]
    /// Who asked, when it is only one; then there are no jobs and no entries.
    @usableFromInline let only: ChannelEngine<Scheme>.Answer?
    @usableFromInline let jobs: [ChannelJob<Scheme>]
    /// The jobs that were not refused.
    @usableFromInline let entries: [Entry]
    @usableFromInline let refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)]
    @usableFromInline let course = Mutex(CommitCourse.handedIn)

    /// A turn of one event, as most are.
    @inlinable init(_ job: ChannelJob<Scheme>, of id: ChannelID, before: ChannelStanding<Scheme>?, version: Version?) {
        self.before = before
        self.version = version
        jobs = []
        entries = []
        do {
            guard let start = before ?? job.opening else { throw EngineError.unknownChannel(id) }
            var next = start.state
            effects = try next.apply(job.event)
            isDurable = !effects.isEmpty || !next.isStoredLike(start.state)
            after = ChannelStanding(next)
            opening = before == nil ? start : nil
            only = job.answer
            refused = []
        } catch {
            effects = []
            isDurable = false
            after = before
            opening = nil
            only = nil
            refused = [(job.answer, error)]
        }
    }

    @inlinable init(
        _ jobs: [ChannelJob<Scheme>], of id: ChannelID, before: ChannelStanding<Scheme>?, version: Version?
    ) {
        var last = before
        var opening: ChannelStanding<Scheme>?
        var effects: [Scheme.Effect] = []
        var entries: [Entry] = []
        var refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)] = []
        entries.reserveCapacity(jobs.count)
        for (number, job) in jobs.enumerated() {
            guard let start = last ?? job.opening else {
                refused.append((job.answer, EngineError.unknownChannel(id)))
                continue
            }
            if last == nil { opening = start }
            do {
                var next = start.state
                let first = effects.count
                effects += try next.apply(job.event)
                let after = ChannelStanding(next)
                last = after
                entries.append(Entry(job: number, after: after, effects: first..<effects.count))
            } catch {
                refused.append((job.answer, error))
            }
        }
        self.before = before
        self.version = version
        after = last
        self.opening = last == nil ? nil : opening
        self.effects = effects
        self.jobs = jobs
        self.entries = entries
        self.refused = refused
        only = nil
        let start = before ?? opening
        isDurable =
            !effects.isEmpty
            || last.map { last in start.map { !last.state.isStoredLike($0.state) } ?? true } ?? false
    }

    /// What is left of a turn that could not be written: its events that need no disk, as if the others had not come.
    ///
    /// A request that is let go must not stay in flight because something else of its channel could not be stored.
    @inlinable init(rest turn: ChannelTurn, failing error: StoreError) {
        var last = turn.before
        var opening: ChannelStanding<Scheme>?
        var entries: [Entry] = []
        var refused = turn.only.map { [(answer: $0, error: error as any Error)] } ?? []
        for entry in turn.entries {
            let job = turn.jobs[entry.job]
            guard let start = last ?? job.opening, let after = try? start.after(unstored: job.event) else {
                refused.append((job.answer, error))
                continue
            }
            if last == nil { opening = start }
            last = after
            entries.append(Entry(job: entry.job, after: after, effects: 0..<0))
        }
        before = turn.before
        version = turn.version
        after = last
        self.opening = opening
        isDurable = false
        effects = []
        jobs = turn.jobs
        self.entries = entries
        self.refused = refused
        only = nil
    }

    /// What must be written.
    @inlinable func commit(of id: ChannelID) -> ChannelCommit {
        ChannelCommit(
            channel: id, scheme: Scheme.schemeName, state: after?.state.stored ?? [],
            effects: effects.map(Scheme.stored))
    }

    /// Tells those whose events were refused; they wait for no disk.
    @inlinable func tellRefused() {
        for (answer, error) in refused { answer(.failure(error)) }
    }

    /// Tells all others what came of theirs.
    ///
    /// - Parameter ids: The names of the effects that were stored.
    @inlinable func tell(_ ids: [PendingEffect.ID]) {
        if let only, let after { only(.success(applied(after, effects.indices, ids))) }
        for entry in entries { jobs[entry.job].answer(.success(applied(entry.after, entry.effects, ids))) }
    }

    @inlinable func tell(_ error: StoreError) {
        only?(.failure(error))
        for entry in entries { jobs[entry.job].answer(.failure(error)) }
    }

    @inlinable func applied(
        _ after: ChannelStanding<Scheme>, _ effects: Range<Int>, _ ids: [PendingEffect.ID]
    ) -> ChannelEngine<Scheme>.Applied {
        guard !effects.isEmpty else { return ChannelEngine<Scheme>.Applied(after, effects: []) }
        return ChannelEngine<Scheme>.Applied(
            after,
            effects: effects.map { ChannelEngine<Scheme>.StoredEffect(id: ids[$0], effect: self.effects[$0]) })
    }

    // MARK: - The commit's answer

    /// The store has answered.
    ///
    /// - Returns: Whether whoever handed the commit in has left, so that it is the caller's to go on.
    @inlinable func arrived(_ result: Result<[PendingEffect.ID], StoreError>) -> Bool {
        course.withLock { course in
            if case .waiting = course { return true }
            course = .answered(result)
            return false
        }
    }

    /// The store has returned.
    ///
    /// - Returns: Its answer, or `nil` when that is still to come.
    @inlinable func returned() -> Result<[PendingEffect.ID], StoreError>? {
        course.withLock { course in
            if case .answered(let result) = course { return result }
            course = .waiting
            return nil
        }
    }
}

/// How far a commit is; the store may answer before it has returned.
@usableFromInline enum CommitCourse: Sendable {
    case handedIn
    case waiting
    case answered(Result<[PendingEffect.ID], StoreError>)
}
