// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// The place of a payment that is in flight beside others on one channel.
///
/// It also keeps other processes away from the channel.
final class ChannelSlot: Sendable {
    let channel: ChannelID
    private let queue: ChannelQueue
    private let isEnded = Mutex(false)

    init(channel: ChannelID, queue: ChannelQueue) {
        self.channel = channel
        self.queue = queue
    }

    deinit {
        guard isFirst() else { return }
        Task { [queue, channel] in await queue.dropSlot(of: channel) }
    }

    /// The channel's books, to write down how the payment ended; the slot ends when they are given back.
    ///
    /// It waits for them also when the task is cancelled, because what was sent must be written down.
    ///
    /// - Returns: `nil` when that was done before.
    func end() async throws -> ChannelLease? {
        guard isFirst() else { return nil }
        return try await Task { [queue, channel] in
            let turn = try await queue.takeWithSlot(channel)
            return ChannelLease(turn, queue: queue, lock: turn.lock, isEnd: true)
        }.value
    }

    private func isFirst() -> Bool {
        isEnded.withLock { isEnded in
            defer { isEnded = true }
            return !isEnded
        }
    }
}
