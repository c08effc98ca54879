// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// How channels stood when a facilitator last told, and a clock that orders what it told.
final class Mirror: Sendable {
    private struct State {
        var snapshots: [ChannelID: ChannelSnapshot] = [:]
        var height: UInt64 = 0
    }

    /// How many channels are kept; half of them, the oldest, go when there are more.
    private let capacity: Int
    private let clock: @Sendable () -> Instant
    private let state = Mutex(State())

    init(capacity: Int = 65_536, clock: @escaping @Sendable () -> Instant) {
        self.capacity = capacity
        self.clock = clock
    }

    /// A block that nobody made: its height only ever grows, so that of two readings the later one counts.
    ///
    /// A facilitator does not tell heights. Thousandths of seconds since 1970 keep the order over restarts too, and
    /// ``raise(to:)`` does where the clock was set back meanwhile.
    func moment() -> Block {
        let now = clock()
        return state.withLock { state in
            state.height = max(state.height + 1, UInt64(clamping: now.unixSeconds) &* 1000)
            return Block(height: state.height, time: now)
        }
    }

    /// Lets all later moments be higher.
    func raise(to height: UInt64) { state.withLock { $0.height = max($0.height, height) } }

    subscript(channel: ChannelID) -> ChannelSnapshot? { state.withLock { $0.snapshots[channel] } }

    /// Takes in what was told, unless something newer is known.
    func take(_ snapshot: ChannelSnapshot, of channel: ChannelID) {
        state.withLock { state in
            if let known = state.snapshots[channel], known.block.height > snapshot.block.height { return }
            state.snapshots[channel] = snapshot
            if state.snapshots.count > capacity { Self.shrink(&state.snapshots) }
        }
    }

    /// Takes in that so much is claimed now; how old the rest of what is known is stays as it is.
    func took(claim total: Amount, of channel: ChannelID) {
        let moment = moment()
        state.withLock { state in
            guard var known = state.snapshots[channel], known.totalClaimed < total else { return }
            known.totalClaimed = total
            known.withdrawal?.amount = known.balance.clampedSubtracting(total)
            known.block = Block(height: moment.height, time: known.block.time)
            state.snapshots[channel] = known
        }
    }

    /// What is known may be wrong by now: marks it as infinitely old, so that the next who relies on it asks first.
    func doubt(_ channel: ChannelID) {
        let moment = moment()
        state.withLock { state in
            state.snapshots[channel]?.block = Block(height: moment.height, time: Instant(unixSeconds: 0))
        }
    }

    private static func shrink(_ snapshots: inout [ChannelID: ChannelSnapshot]) {
        let heights = snapshots.values.map(\.block.height).sorted()
        let middle = heights[heights.count / 2]
        snapshots = snapshots.filter { $0.value.block.height >= middle }
    }
}
