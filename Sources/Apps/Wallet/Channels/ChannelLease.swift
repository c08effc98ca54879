// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// A channel's books, which one payment has for itself until it gives them back.
final class ChannelLease: Sendable {
    let channel: ChannelID
    /// Whether other payments of this process are in flight on the channel.
    let isShared: Bool
    /// Whether other payments of this process wanted it at the same time.
    let isContended: Bool
    private let queue: ChannelQueue
    private let lock: ChannelLock?
    /// Whether this is the end of a payment that was in flight.
    private let isEnd: Bool
    private let isReturned = Mutex(false)

    init(_ turn: ChannelQueue.Turn, queue: ChannelQueue, lock: ChannelLock?, isEnd: Bool = false) {
        channel = turn.channel
        isShared = turn.isShared
        isContended = turn.isContended
        self.queue = queue
        self.lock = lock
        self.isEnd = isEnd
    }

    deinit { giveBack() }

    /// Lets the next payment in.
    ///
    /// Giving back twice is harmless.
    func giveBack() {
        guard isFirst() else { return }
        // A lock that a slot has is the slot's.
        if !isShared { lock?.release() }
        Task { [queue, channel, isEnd] in await queue.giveBack(channel, ending: isEnd) }
    }

    /// Lets the next payment in while this one's voucher is in flight.
    func keepSlot() async -> ChannelSlot {
        let slot = ChannelSlot(channel: channel, queue: queue)
        guard isFirst() else { return slot }
        await queue.giveBack(channel, keeping: true, lock: isShared ? nil : lock)
        return slot
    }

    private func isFirst() -> Bool {
        isReturned.withLock { isReturned in
            defer { isReturned = true }
            return !isReturned
        }
    }
}
