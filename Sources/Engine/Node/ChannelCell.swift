// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import Synchronization

/// One channel in memory: how it stands, and what waits for its turn.
///
/// It decides what happens next and does nothing by itself: each call answers with a ``Step`` that the engine takes
/// outside the lock.
@usableFromInline final class ChannelCell<Scheme: StoredChannelScheme>: Sendable {
    /// What the engine has to do next.
    @usableFromInline enum Step {
        case nothing
        /// The cell was dropped meanwhile: look for the channel again.
        case lookAgain
        case load
        /// Answer what can be answered, then commit what must be durable.
        case run(ChannelTurn<Scheme>)
    }

    @usableFromInline struct Slot {
        @usableFromInline var standing: ChannelStanding<Scheme>?
        /// What the channel was before its first event, while it was never stored.
        @usableFromInline var opening: ChannelStanding<Scheme>?
        @usableFromInline var version: Version?
        @usableFromInline var waiting: [ChannelJob<Scheme>] = []
        @usableFromInline var isLoaded = false
        /// Somebody loads or commits it, and goes on with what waits.
        @usableFromInline var isBusy = false
        @usableFromInline var isDropped = false

        @inlinable init(standing: ChannelStanding<Scheme>? = nil, version: Version? = nil, isLoaded: Bool = false) {
            self.standing = standing
            self.version = version
            self.isLoaded = isLoaded
        }

        /// Nothing of it is worth keeping: it was never stored, and is as it was found.
        @inlinable var isForgettable: Bool {
            !isBusy && version == nil && (standing == nil || standing?.state == opening?.state)
        }
    }

    @usableFromInline let id: ChannelID
    @usableFromInline let slot: Mutex<Slot>

    @inlinable init(_ id: ChannelID) {
        self.id = id
        slot = Mutex(Slot())
    }

    /// A channel that was just read from the store.
    @inlinable init(_ id: ChannelID, _ state: Scheme, _ version: Version) {
        self.id = id
        slot = Mutex(Slot(standing: ChannelStanding(state), version: version, isLoaded: true))
    }

    /// The state that was committed last, with what is only in memory.
    @inlinable var standing: ChannelStanding<Scheme>? { slot.withLock { $0.isLoaded ? $0.standing : nil } }

    /// Applies an event that changes nothing durable, when nobody works on the channel.
    ///
    /// - Returns: `nil` when it has to wait, or to be committed; nothing happened then.
    @inlinable func applyNow(_ event: Scheme.Event) throws(Scheme.Refusal) -> ChannelStanding<Scheme>? {
        try slot.withLock { (slot: inout Slot) throws(Scheme.Refusal) in
            guard slot.isLoaded, !slot.isBusy, !slot.isDropped, let after = try slot.standing?.after(unstored: event)
            else { return nil }
            slot.standing = after
            return after
        }
    }

    /// Takes in jobs that came together; what they need to go on is the caller's to do.
    @inlinable func enter(_ jobs: [ChannelJob<Scheme>]) -> Step {
        slot.withLock { slot in
            if slot.isDropped { return .lookAgain }
            let wasBusy = slot.isBusy
            slot.waiting += jobs
            slot.isBusy = true
            return wasBusy ? .nothing : next(&slot)
        }
    }

    /// Takes in a job; what it needs to go on is the caller's to do.
    @inlinable func enter(_ job: ChannelJob<Scheme>) -> Step {
        slot.withLock { slot in
            if slot.isDropped { return .lookAgain }
            guard slot.isLoaded, !slot.isBusy else {
                slot.waiting.append(job)
                guard !slot.isBusy else { return .nothing }
                slot.isBusy = true
                return .load
            }
            slot.isBusy = true
            return .run(ChannelTurn(job, of: id, before: slot.standing, version: slot.version))
        }
    }

    /// The store was read.
    @inlinable func loaded(_ found: (state: Scheme, version: Version)?) -> Step {
        slot.withLock { slot in
            slot.standing = found.map { ChannelStanding($0.state) }
            slot.version = found?.version
            slot.isLoaded = true
            return next(&slot)
        }
    }

    /// The store could not be read: nobody who waits can be served.
    @inlinable func failedToLoad() -> [ChannelJob<Scheme>] {
        slot.withLock { slot in
            slot.isDropped = true
            defer { slot.waiting = [] }
            return slot.waiting
        }
    }

    /// What a turn made of the channel holds from now on.
    @inlinable func finish(_ turn: ChannelTurn<Scheme>) {
        slot.withLock { slot in
            if slot.standing == nil { slot.opening = turn.opening }
            slot.standing = turn.after
            slot.version = turn.isDurable ? slot.version?.next ?? Version(number: 1) : slot.version
            // What is stored is never forgotten, so nobody asks what it was before.
            if slot.version != nil { slot.opening = nil }
        }
    }

    /// Somebody else wrote the channel, so that it must be read again.
    @inlinable func becomeStale() { slot.withLock { $0.isLoaded = false } }

    /// Goes on with what waits.
    ///
    /// Call it after the answers were told: what they hand in waits until then, and grows no stack.
    @inlinable func goOn() -> Step { slot.withLock { next(&$0) } }

    /// Lets go of the cell when nothing of it is worth keeping.
    ///
    /// - Returns: Whether nobody may use it any more.
    @inlinable func drop() -> Bool {
        slot.withLock { slot in
            if slot.isForgettable, slot.waiting.isEmpty { slot.isDropped = true }
            return slot.isDropped
        }
    }

    /// Whether ``drop()`` may succeed.
    @inlinable var isForgettable: Bool { slot.withLock { $0.isDropped || $0.isForgettable } }

    @inlinable func next(_ slot: inout Slot) -> Step {
        guard !slot.waiting.isEmpty else {
            slot.isBusy = false
            return .nothing
        }
        guard slot.isLoaded else { return .load }
        let jobs = slot.waiting
        slot.waiting = []
        return .run(
            jobs.count == 1
                ? ChannelTurn(jobs[0], of: id, before: slot.standing, version: slot.version)
                : ChannelTurn(jobs, of: id, before: slot.standing, version: slot.version))
    }
}

/// A channel as it stands until its next event: an object, so that it is handed on without being copied.
@usableFromInline final class ChannelStanding<Scheme: Sendable>: Sendable {
    @usableFromInline let state: Scheme
    @inlinable init(_ state: Scheme) { self.state = state }
}

extension ChannelStanding where Scheme: StoredChannelScheme {
    /// The channel after an event that changes nothing durable, or `nil` when this one does.
    @inlinable func after(unstored event: Scheme.Event) throws(Scheme.Refusal) -> ChannelStanding? {
        var next = state
        guard try next.apply(event).isEmpty, next.isStoredLike(state) else { return nil }
        return ChannelStanding(next)
    }
}
