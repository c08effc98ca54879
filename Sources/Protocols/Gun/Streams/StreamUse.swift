// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// How a stream is used, for a door that has to let go of one.
final class StreamUse: Sendable {
    private struct State {
        var holds = 0
        /// Whether something that was paid for is among what the other side has not taken.
        var isOwed = false
        var ahead = 0
        var moved: UInt64 = 0
        var movedAt = ContinuousClock.now
    }

    private let state = Mutex(State())

    /// When something was last said by the other side, or taken by it; that it is there is not enough.
    var movedAt: ContinuousClock.Instant { state.withLock { $0.movedAt } }

    /// Whether something is in hand that was paid for.
    var isHeld: Bool { state.withLock { $0.holds > 0 || $0.isOwed } }

    func hold() { state.withLock { $0.holds += 1 } }

    func release(isWritten: Bool) {
        state.withLock { state in
            state.holds = max(0, state.holds - 1)
            if isWritten, state.ahead > 0 { state.isOwed = true }
        }
    }

    /// - Parameters:
    ///   - ahead: How many bytes were written that the other side has not taken.
    ///   - moved: How many segments came or were taken.
    func note(ahead: Int, moved: UInt64) {
        state.withLock { state in
            state.ahead = ahead
            if ahead == 0 { state.isOwed = false }
            guard moved != state.moved else { return }
            state.moved = moved
            state.movedAt = .now
        }
    }
}
