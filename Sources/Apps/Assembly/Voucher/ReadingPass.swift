// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// How far a pass over all channels is in which each is read again, in the order of their ids.
///
/// It is given up when many in a row cannot be read, since each may take until its time is up. The next pass begins
/// behind them, so that those which can never be read hide nobody.
final class ReadingPass: Sendable {
    private struct State {
        var failuresInARow = 0
        var isGivenUp = false
        /// The last channel that was begun with in a pass that was given up.
        var place: ChannelID?
    }

    private let state = Mutex(State())

    static let mostFailuresInARow = 16

    /// - Returns: The channel behind which to begin; `nil` for the first.
    func begin() -> ChannelID? {
        state.withLock { state in
            (state.failuresInARow, state.isGivenUp) = (0, false)
            return state.place
        }
    }

    var isGivenUp: Bool { state.withLock { $0.isGivenUp } }

    /// - Returns: Whether to read a channel.
    func enter(_ id: ChannelID) -> Bool {
        state.withLock { state in
            guard !state.isGivenUp else { return false }
            // Some are read at once, and may be begun with in any order.
            state.place = max(state.place ?? id, id)
            return true
        }
    }

    func leave(hasFailed: Bool) {
        state.withLock { state in
            state.failuresInARow = hasFailed ? state.failuresInARow + 1 : 0
            if state.failuresInARow >= Self.mostFailuresInARow { state.isGivenUp = true }
        }
    }

    /// The next pass begins with the first.
    func reachEnd() { state.withLock { $0.place = nil } }
}
