// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingVoucherScheme
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

    /// Why nobody is woken now.
    private enum Pause: Hashable {
        /// Whoever was woken last is being judged.
        case judging
        /// It was corrected, and may come again; by this number its alarm knows it.
        case corrected(UInt64)
        /// It, or one that came in between, was let in.
        case serving(ReservationID)
    }

    private struct Line {
        var waiters: [Waiter] = []
        /// How many corrections in a row were let pass.
        var ignored = 0
        var pause: Pause?
    }

    private struct Contents {
        var lines: [ChannelID: Line] = [:]
        /// Channels whose payer let its last correction pass: nobody is kept for it again before it has been served, or
        /// until its alarm, known by this number, has rung.
        var deaf: [ChannelID: UInt64] = [:]
        var lastNumber: UInt64 = 0
        var waiting = 0
    }

    /// How many may wait for one channel, and for all.
    static let maximumPerChannel = 32
    static let maximum = 1024
    /// How long a payment waits at most; less than clients wait for an answer.
    static let patience = Duration.seconds(25)
    /// How long a corrected payer has to come again.
    ///
    /// It reads the chain before it follows a correction, and may be one of many on a busy machine.
    static let grace = Duration.seconds(2)
    /// How many corrections in a row a payer may let pass before nobody is kept for it.
    ///
    /// A client that is corrected twice gives up, although its payer follows corrections: that happens to one that is
    /// overtaken by another that signs for the first time, with what both have just learnt.
    static let strikes = 3
    /// How long nobody is kept for a payer that let a correction pass.
    static let memory = Duration.seconds(60)

    private let contents = Mutex(Contents())
    /// How many channels there is something to know of.
    ///
    /// Looked at for each request that ends, so it must cost nothing while there is none.
    private let known = Atomic(0)

    /// Whether a payment that comes now comes after others.
    func hasLine(_ channel: ChannelID) -> Bool {
        guard known.load(ordering: .acquiring) > 0 else { return false }
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
        guard deadline > .now else { return nil }
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
                    guard line.waiters.count < Self.maximumPerChannel, contents.waiting < Self.maximum,
                        !Task.isCancelled
                    else { return true }
                    let waiter = Waiter(number: number, deadline: deadline, continuation: continuation)
                    line.waiters.insert(waiter, at: turn == nil ? line.waiters.endIndex : 0)
                    if turn != nil, line.pause == .judging { line.pause = nil }
                    contents.lines[channel] = line
                    contents.waiting += 1
                    count(contents)
                    return false
                }
                guard !isFull else { return continuation.resume(returning: nil) }
                // What it waits for may have ended just before it stood in line.
                Task { if await !isBusy() { wakeNext(on: channel, after: nil) } }
            }
        } onCancel: {
            giveUp(number, on: channel)
        }
    }

    /// A payment was let in: whoever waits is woken by its end.
    func letIn(_ id: ReservationID, on channel: ChannelID) {
        guard known.load(ordering: .acquiring) > 0 else { return }
        contents.withLock { contents in
            contents.lines[channel]?.pause = .serving(id)
            contents.lines[channel]?.ignored = 0
            contents.deaf[channel] = nil
            count(contents)
        }
    }

    /// A request has ended: wakes whoever waits the longest.
    func ended(_ id: ReservationID, on channel: ChannelID) {
        guard known.load(ordering: .acquiring) > 0 else { return }
        wakeNext(on: channel, after: id)
    }

    /// A payment was refused.
    ///
    /// Where it was corrected, those after it wait until it has come again and been served, or has had time to; where
    /// several in a row do not come, all are woken. Else the next is woken at once.
    func refused(on channel: ChannelID, wasCorrected: Bool) {
        let number = contents.withLock { contents -> UInt64? in
            switch contents.lines[channel]?.pause {
            case .corrected, .serving: return nil
            case .judging, nil: break
            }
            guard wasCorrected, contents.deaf[channel] == nil,
                contents.lines[channel] != nil || contents.lines.count < Self.maximum
            else {
                contents.lines[channel]?.pause = nil
                return nil
            }
            contents.lastNumber += 1
            contents.lines[channel, default: Line()].pause = .corrected(contents.lastNumber)
            count(contents)
            return contents.lastNumber
        }
        guard let number else { return wakeNext(on: channel, after: nil) }
        Task {
            try? await Task.sleep(for: Self.grace)
            guard let all = giveUpOn(channel, corrected: number) else {
                return wakeNext(on: channel, after: nil)
            }
            for waiter in all { waiter.continuation.resume(returning: Turn(deadline: waiter.deadline)) }
            try? await Task.sleep(for: Self.memory)
            contents.withLock { contents in
                guard contents.deaf[channel] == number else { return }
                contents.deaf[channel] = nil
                count(contents)
            }
        }
    }

    /// This correction was not followed; after several there is no use in keeping the others.
    ///
    /// - Returns: Who has waited, when nobody is kept any more; `nil` when the next is to be woken, if it is its turn.
    private func giveUpOn(_ channel: ChannelID, corrected number: UInt64) -> [Waiter]? {
        contents.withLock { contents in
            guard contents.lines[channel]?.pause == .corrected(number) else { return nil }
            contents.lines[channel]?.pause = nil
            contents.lines[channel]?.ignored += 1
            guard
                contents.lines[channel]?.waiters.isEmpty ?? true
                    || contents.lines[channel]?.ignored ?? 0 >= Self.strikes
            else { return nil }
            var all: [Waiter] = []
            while let waiter = take(0, from: channel, in: &contents) { all.append(waiter) }
            if contents.deaf.count < Self.maximum { contents.deaf[channel] = number }
            tidy(channel, in: &contents)
            count(contents)
            return all
        }
    }

    /// - Parameter id: The request that has ended; `nil` when none is in flight.
    private func wakeNext(on channel: ChannelID, after id: ReservationID?) {
        let next = contents.withLock { contents -> Waiter? in
            switch contents.lines[channel]?.pause {
            case nil: break
            case .serving(let served) where served == id: break
            case .judging, .corrected, .serving: return nil
            }
            let next = take(0, from: channel, in: &contents)
            contents.lines[channel]?.pause = next == nil ? nil : .judging
            tidy(channel, in: &contents)
            return next
        }
        if let next { next.continuation.resume(returning: Turn(deadline: next.deadline)) }
    }

    private func giveUp(_ number: UInt64, on channel: ChannelID) {
        let waiter = contents.withLock { contents -> Waiter? in
            guard let index = contents.lines[channel]?.waiters.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            defer { tidy(channel, in: &contents) }
            return take(index, from: channel, in: &contents)
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func take(_ index: Int, from channel: ChannelID, in contents: inout Contents) -> Waiter? {
        guard let line = contents.lines[channel], index < line.waiters.count else { return nil }
        contents.waiting -= 1
        return contents.lines[channel]?.waiters.remove(at: index)
    }

    /// Ends a line in which nobody stands, and for which nobody comes again.
    private func tidy(_ channel: ChannelID, in contents: inout Contents) {
        guard let line = contents.lines[channel], line.waiters.isEmpty, line.pause == nil else { return }
        contents.lines[channel] = nil
        count(contents)
    }

    private func count(_ contents: borrowing Contents) {
        known.store(contents.lines.count + contents.deaf.count, ordering: .releasing)
    }
}
