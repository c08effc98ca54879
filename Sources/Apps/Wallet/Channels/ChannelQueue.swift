// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Who may work on which channel's books next: one at a time, first come, first served.
///
/// A payment that was signed ahead gives the books back and keeps a *slot* until its answer is there. Whoever wants a
/// channel for itself waits until no slot is taken; those that come later wait behind it.
actor ChannelQueue {
    /// The right to work on a channel's books.
    struct Turn: Sendable {
        let channel: ChannelID
        /// Whether others of this process have payments in flight on it.
        let isShared: Bool
        /// Whether others of this process wanted it at the same time.
        let isContended: Bool
        /// The lock against other processes, where a slot has it already.
        let lock: ChannelLock?
    }

    private struct Waiter {
        let number: Int
        let candidates: Set<ChannelID>
        /// How many slots may be taken.
        let beside: Int
        let continuation: CheckedContinuation<Turn, any Error>
    }

    private struct Use {
        var isTaken = false
        var slots = 0
        /// Held as long as a slot is.
        var lock: ChannelLock?
    }

    private var uses: [ChannelID: Use] = [:]
    private var waiters: [Waiter] = []
    private var lastNumber = 0
    /// Those that were cancelled before they could begin to wait.
    private var cancelled: Set<Int> = []

    /// Waits for one of these channels, and prefers those that stand first.
    ///
    /// - Parameter beside: How many payments may be in flight on it; none for whoever needs it alone.
    func take(oneOf candidates: [ChannelID], beside: Int = 0) async throws -> Turn {
        let free = candidates.first { candidate in
            isFree(candidate, beside: beside) && !waiters.contains { $0.candidates.contains(candidate) }
        }
        if let free { return grant(free, isContended: false) }
        lastNumber += 1
        let number = lastNumber
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard cancelled.remove(number) == nil else {
                    return continuation.resume(throwing: CancellationError())
                }
                waiters.append(
                    Waiter(
                        number: number, candidates: Set(candidates), beside: beside, continuation: continuation))
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
    }

    /// Waits for the books of a channel on which a slot is held: before all others, as it makes room for them.
    func takeWithSlot(_ channel: ChannelID) async throws -> Turn {
        if isFree(channel, beside: .max) { return grant(channel, isContended: false) }
        lastNumber += 1
        let number = lastNumber
        return try await withCheckedThrowingContinuation { continuation in
            waiters.insert(
                Waiter(number: number, candidates: [channel], beside: .max, continuation: continuation), at: 0)
        }
    }

    /// - Parameters:
    ///   - keeping: Whether a payment stays in flight.
    ///   - lock: What the slot needs to keep.
    ///   - ending: Whether one that was in flight has ended.
    func giveBack(_ channel: ChannelID, keeping: Bool = false, lock: ChannelLock? = nil, ending: Bool = false) {
        uses[channel]?.isTaken = false
        if keeping {
            uses[channel]?.slots += 1
            if let lock { uses[channel]?.lock = lock }
        }
        if ending { dropSlot(of: channel) } else { settle(channel) }
    }

    /// A payment that was in flight was given up without a word.
    func dropSlot(of channel: ChannelID) {
        uses[channel]?.slots -= 1
        settle(channel)
    }

    private func settle(_ channel: ChannelID) {
        if let use = uses[channel], use.slots <= 0 {
            // Other processes get their chance before the next of this one.
            use.lock?.release()
            uses[channel]?.lock = nil
            if !use.isTaken { uses[channel] = nil }
        }
        serve()
    }

    /// Lets in whoever can be, in the order in which they came.
    private func serve() {
        var blocked: Set<ChannelID> = []
        var index = 0
        while index < waiters.count {
            let waiter = waiters[index]
            let free = waiter.candidates.first { !blocked.contains($0) && isFree($0, beside: waiter.beside) }
            if let free {
                waiters.remove(at: index)
                waiter.continuation.resume(returning: grant(free, isContended: true))
            } else {
                blocked.formUnion(waiter.candidates)
                index += 1
            }
        }
    }

    private func isFree(_ channel: ChannelID, beside: Int) -> Bool {
        guard let use = uses[channel] else { return true }
        return !use.isTaken && use.slots <= beside
    }

    private func grant(_ channel: ChannelID, isContended: Bool) -> Turn {
        uses[channel, default: Use()].isTaken = true
        let use = uses[channel]
        return Turn(
            channel: channel, isShared: (use?.slots ?? 0) > 0, isContended: isContended, lock: use?.lock)
    }

    private func cancel(_ number: Int) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else {
            // Either it was served already, or it has not begun to wait.
            if number == lastNumber { cancelled.insert(number) }
            return
        }
        waiters.remove(at: index).continuation.resume(throwing: CancellationError())
        serve()
    }
}
