// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Who may use which channel next: one payment at a time in each, first come, first served.
actor ChannelQueue {
    private struct Waiter {
        let number: Int
        let candidates: Set<ChannelID>
        let continuation: CheckedContinuation<ChannelID, any Error>
    }

    private var taken: Set<ChannelID> = []
    private var waiters: [Waiter] = []
    private var lastNumber = 0
    /// Those that were cancelled before they could begin to wait.
    private var cancelled: Set<Int> = []

    /// Waits for one of these channels, and prefers those that stand first.
    func take(oneOf candidates: [ChannelID]) async throws -> ChannelID {
        if let free = candidates.first(where: { !taken.contains($0) }) {
            taken.insert(free)
            return free
        }
        lastNumber += 1
        let number = lastNumber
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard cancelled.remove(number) == nil else {
                    return continuation.resume(throwing: CancellationError())
                }
                waiters.append(Waiter(number: number, candidates: Set(candidates), continuation: continuation))
            }
        } onCancel: {
            Task { await self.cancel(number) }
        }
    }

    func giveBack(_ channel: ChannelID) {
        guard let index = waiters.firstIndex(where: { $0.candidates.contains(channel) }) else {
            taken.remove(channel)
            return
        }
        waiters.remove(at: index).continuation.resume(returning: channel)
    }

    private func cancel(_ number: Int) {
        guard let index = waiters.firstIndex(where: { $0.number == number }) else {
            // Either it was served already, or it has not begun to wait.
            if number == lastNumber { cancelled.insert(number) }
            return
        }
        waiters.remove(at: index).continuation.resume(throwing: CancellationError())
    }
}
