// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// An event that waits for its channel, and whoever wants to know what came of it.
struct ChannelJob<Scheme: StoredChannelScheme>: Sendable {
    let event: Scheme.Event
    let opening: Scheme?
    let answer: ChannelEngine<Scheme>.Answer
}

/// Events of one channel that are applied one after the other and committed together.
final class ChannelTurn<Scheme: StoredChannelScheme>: Sendable {
    private struct Entry: Sendable {
        let answer: ChannelEngine<Scheme>.Answer
        let state: Scheme
        let effects: Range<Int>
    }

    /// How far the commit is; the store may answer before it has returned.
    private enum Course {
        case handedIn
        case waiting
        case answered(Result<[PendingEffect.ID], StoreError>)
    }

    let before: Scheme?
    let version: Version?
    /// What the channel becomes; `nil` when every event was refused before there was one.
    let after: Scheme?
    /// What the channel was taken to be before its first event.
    let opening: ChannelOpening<Scheme>?
    /// Whether something must be written before anybody is answered.
    let isDurable: Bool
    private let effects: [Scheme.Effect]
    private let entries: [Entry]
    private let refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)]
    private let course = Mutex(Course.handedIn)

    init(_ jobs: [ChannelJob<Scheme>], before: Scheme?, version: Version?) {
        var state = before
        var opening: Scheme?
        var effects: [Scheme.Effect] = []
        var entries: [Entry] = []
        var refused: [(answer: ChannelEngine<Scheme>.Answer, error: any Error)] = []
        entries.reserveCapacity(jobs.count)
        for job in jobs {
            guard var next = state ?? job.opening else {
                refused.append((job.answer, ChannelTurnFault.nothingToStartFrom))
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
        let start = before ?? opening
        isDurable = !effects.isEmpty || state.map { state in start.map { !state.isStoredLike($0) } ?? true } ?? false
    }

    /// What must be written.
    func commit(of id: ChannelID) -> ChannelCommit {
        ChannelCommit(
            channel: id, scheme: Scheme.schemeName, state: after?.stored ?? [], effects: effects.map(Scheme.stored))
    }

    /// Tells those whose events were refused; they wait for no disk.
    func tellRefused(of id: ChannelID) {
        for (answer, error) in refused {
            answer(.failure(error is ChannelTurnFault ? EngineError.unknownChannel(id) : error))
        }
    }

    /// Tells all others what came of theirs.
    ///
    /// - Parameter ids: The names of the effects that were stored.
    func tell(_ ids: [PendingEffect.ID]) {
        for entry in entries {
            let stored = entry.effects.map { ChannelEngine<Scheme>.StoredEffect(id: ids[$0], effect: effects[$0]) }
            entry.answer(.success(ChannelEngine<Scheme>.Applied(state: entry.state, effects: stored)))
        }
    }

    func tell(_ error: StoreError) {
        for entry in entries { entry.answer(.failure(error)) }
    }

    // MARK: - The commit's answer

    /// The store has answered.
    ///
    /// - Returns: Whether whoever handed the commit in has left, so that it is the caller's to go on.
    func arrived(_ result: Result<[PendingEffect.ID], StoreError>) -> Bool {
        course.withLock { course in
            if case .waiting = course { return true }
            course = .answered(result)
            return false
        }
    }

    /// The store has returned.
    ///
    /// - Returns: Its answer, or `nil` when that is still to come.
    func returned() -> Result<[PendingEffect.ID], StoreError>? {
        course.withLock { course in
            if case .answered(let result) = course { return result }
            course = .waiting
            return nil
        }
    }
}

private enum ChannelTurnFault: Error { case nothingToStartFrom }
