// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// A channel that one payment has for itself, until it gives it back.
final class ChannelLease: Sendable {
    let channel: ChannelID
    private let queue: ChannelQueue
    private let lock: ChannelLock?
    private let isReturned = Mutex(false)

    init(channel: ChannelID, queue: ChannelQueue, lock: ChannelLock?) {
        self.channel = channel
        self.queue = queue
        self.lock = lock
    }

    deinit { giveBack() }

    /// Lets the next payment in.
    ///
    /// Giving back twice is harmless.
    func giveBack() {
        let isFirst = isReturned.withLock { isReturned in
            defer { isReturned = true }
            return !isReturned
        }
        guard isFirst else { return }
        lock?.release()
        Task { [queue, channel] in await queue.giveBack(channel) }
    }
}
