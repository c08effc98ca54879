// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import Synchronization

/// An event that waits for its channel, and whoever wants to know what came of it.
@usableFromInline struct ChannelJob<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline let event: Scheme.Event
    @usableFromInline let opening: Scheme?
    @usableFromInline let answer: ChannelEngine<Scheme>.Answer

    @inlinable init(event: Scheme.Event, opening: Scheme?, answer: @escaping ChannelEngine<Scheme>.Answer) {
        self.event = event
        self.opening = opening
        self.answer = answer
    }
}

/// Events of one channel that are applied one after the other and committed together.
@usableFromInline final class ChannelTurn<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline struct Entry: Sendable {
        @usableFromInline let answer: ChannelEngine<Scheme>.Answer
        @usableFromInline let state: Scheme
        @usableFromInline let effects: Range<Int>

        @inlinable init(answer: @escaping ChannelEngine<Scheme>.Answer, state: Scheme, effects: Range<Int>) {
            self.answer = answer
            self.state = state
            self.effects = effects
        }
    }

    /// How far the commit is; the store may answer before it has returned.
    @usableFromInline enum Course {
        case handedIn
        case waiting
        case answered(Result<[PendingEffect.ID], StoreError>)
    }

    @usableFromInline let before: Scheme?
    @usableFromInline let version: Version?
    /// What the channel becomes; `nil` when every event was refused before there was one.
    @usableFromInline let after: Scheme?
    /// What the channel was taken to be before its first event.
    @usableFromInline let opening: ChannelOpening<Scheme>?
    /// Whether something must be written before anybody is answered.
    @usableFromInline let isDurable: Bool
    @usableFromInline let effects: [Scheme.Effect]
    /// Who asked, when it is only one; then there are no entries.
    @usableFromInline let only: ChannelEngine<Scheme>.Answer?
    @usableFromInline let entries: [Entry]
    @usableFromInline let refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)]
    @usableFromInline let course = Mutex(Course.handedIn)

    /// A turn of one event, as most are.
    @inlinable init(_ job: ChannelJob<Scheme>, of id: ChannelID, before: Scheme?, version: Version?) {
        self.before = before
        self.version = version
        entries = []
        let start = before ?? job.opening
        do {
            guard var next = start else { throw EngineError.unknownChannel(id) }
            effects = try next.apply(job.event)
            isDurable = !effects.isEmpty || start.map { !next.isStoredLike($0) } ?? true
            after = next
            opening = before == nil ? start.map { ChannelOpening($0) } : nil
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

    @inlinable init(_ jobs: [ChannelJob<Scheme>], of id: ChannelID, before: Scheme?, version: Version?) {
        var state = before
        var opening: Scheme?
        var effects: [Scheme.Effect] = []
        var entries: [Entry] = []
        var refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)] = []
        entries.reserveCapacity(jobs.count)
        for job in jobs {
            guard var next = state ?? job.opening else {
                refused.append((job.answer, EngineError.unknownChannel(id)))
                continue
            }
            if state == nil { opening = next }
            do {
                let start = effects.count
                effects += try next.apply(job.event)
                state = next
                entries.append(Entry(answer: job.answer, state: next, effects: start..<effects.count))
            } catch {
                refused.append((job.answer, error))
            }
        }
        self.before = before
        self.version = version
        after = state
        self.opening = state == nil ? nil : opening.map { ChannelOpening($0) }
        self.effects = effects
        self.entries = entries
        self.refused = refused
        only = nil
        let start = before ?? opening
        isDurable = !effects.isEmpty || state.map { state in start.map { !state.isStoredLike($0) } ?? true } ?? false
    }

    /// What must be written.
    @inlinable func commit(of id: ChannelID) -> ChannelCommit {
        ChannelCommit(
            channel: id, scheme: Scheme.schemeName, state: after?.stored ?? [], effects: effects.map(Scheme.stored))
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
        for entry in entries { entry.answer(.success(applied(entry.state, entry.effects, ids))) }
    }

    @inlinable func tell(_ error: StoreError) {
        only?(.failure(error))
        for entry in entries { entry.answer(.failure(error)) }
    }

    @inlinable func applied(
        _ state: Scheme, _ effects: Range<Int>, _ ids: [PendingEffect.ID]
    ) -> ChannelEngine<Scheme>.Applied {
        guard !effects.isEmpty else { return ChannelEngine<Scheme>.Applied(state: state, effects: []) }
        return ChannelEngine<Scheme>.Applied(
            state: state,
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
