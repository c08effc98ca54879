// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// Payments that wait until the request in flight on their channel has ended, each for its turn.
///
/// One is woken at a time, and the next only after that one's request has ended. Where the one that was woken had to be
/// corrected, it gets a moment to come again before the next is woken: a client follows one correction only, and would
/// be overtaken otherwise.
final class BusyWaits: Sendable {
    /// The right to be judged next.
    struct Turn: Sendable {
        fileprivate let deadline: ContinuousClock.Instant
    }

    private struct Waiter {
        let number: UInt64
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Turn?, Never>
    }

    private struct Line {
        var waiters: [Waiter] = []
        /// Nobody is woken before this: somebody was corrected, and may come again.
        var pause: UInt64?
    }

    private struct Contents {
        var lines: [ChannelID: Line] = [:]
        var lastNumber: UInt64 = 0
    }

    /// How many may wait for one channel, and for all.
    static let maximumPerChannel = 32
    static let maximum = 1024
    /// How long a payment waits at most.
    static let patience = Duration.seconds(10)
    /// How long a corrected payer has to come again.
    static let grace = Duration.milliseconds(250)

    private let contents = Mutex(Contents())
    /// Looked at for each request that ends, so it must cost nothing while nobody waits.
    private let waiting = Atomic(0)

    func isAnyoneWaiting(for channel: ChannelID) -> Bool {
        guard waiting.load(ordering: .acquiring) > 0 else { return false }
        return contents.withLock { $0.lines[channel] != nil }
    }

    /// Waits for a turn.
    ///
    /// - Parameters:
    ///   - turn: The one before, when it came to nothing: then this is the first in line, and waits no longer in all.
    ///   - isBusy: Whether there is still something to wait for.
    /// - Returns: `nil` when too many wait, or when it took too long.
    func wait(
        for channel: ChannelID, turn: Turn?, isBusy: @escaping @Sendable () async -> Bool
    ) async -> Turn? {
        let deadline = turn?.deadline ?? .now + Self.patience
        guard deadline > .now, waiting.load(ordering: .acquiring) < Self.maximum else { return nil }
        let number = contents.withLock { contents in
            contents.lastNumber += 1
            return contents.lastNumber
        }
        let alarm = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            if !Task.isCancelled { giveUp(number, on: channel) }
        }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFull = contents.withLock { contents in
                    var line = contents.lines[channel] ?? Line()
                    guard line.waiters.count < Self.maximumPerChannel, !Task.isCancelled else { return true }
                    let waiter = Waiter(number: number, deadline: deadline, continuation: continuation)
                    line.waiters.insert(waiter, at: turn == nil ? line.waiters.endIndex : 0)
                    contents.lines[channel] = line
                    waiting.add(1, ordering: .acquiringAndReleasing)
                    return false
                }
                guard !isFull else { return continuation.resume(returning: nil) }
                // What it waits for may have ended just before it stood in line.
                Task { if await !isBusy() { nextTurn(on: channel) } }
            }
        } onCancel: {
            giveUp(number, on: channel)
        }
    }

    /// A request has ended: wakes whoever waits the longest.
    func nextTurn(on channel: ChannelID) {
        guard waiting.load(ordering: .acquiring) > 0 else { return }
        let next = contents.withLock { contents -> Waiter? in
            guard contents.lines[channel]?.pause == nil else { return nil }
            return take(0, from: channel, in: &contents)
        }
        next?.continuation.resume(returning: Turn(deadline: next?.deadline ?? .now))
    }

    /// Whoever was woken was refused; the next is woken at once, or after a corrected one had time to come again.
    func yieldTurn(on channel: ChannelID, afterCorrection: Bool) {
        guard afterCorrection else { return nextTurn(on: channel) }
        let pause = contents.withLock { contents -> UInt64? in
            guard contents.lines[channel] != nil else { return nil }
            contents.lastNumber += 1
            contents.lines[channel]?.pause = contents.lastNumber
            return contents.lastNumber
        }
        guard let pause else { return }
        Task {
            try? await Task.sleep(for: Self.grace)
            contents.withLock { contents in
                if contents.lines[channel]?.pause == pause { contents.lines[channel]?.pause = nil }
            }
            nextTurn(on: channel)
        }
    }

    /// The corrected one has come: its end wakes the next.
    func endPause(on channel: ChannelID) {
        guard waiting.load(ordering: .acquiring) > 0 else { return }
        contents.withLock { $0.lines[channel]?.pause = nil }
    }

    private func giveUp(_ number: UInt64, on channel: ChannelID) {
        let waiter = contents.withLock { contents -> Waiter? in
            guard let index = contents.lines[channel]?.waiters.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return take(index, from: channel, in: &contents)
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func take(_ index: Int, from channel: ChannelID, in contents: inout Contents) -> Waiter? {
        guard let count = contents.lines[channel]?.waiters.count, index < count,
            let waiter = contents.lines[channel]?.waiters.remove(at: index)
        else { return nil }
        if count == 1 { contents.lines[channel] = nil }
        waiting.subtract(1, ordering: .acquiringAndReleasing)
        return waiter
    }
}
