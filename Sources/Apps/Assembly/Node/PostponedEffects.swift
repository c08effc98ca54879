// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingNode
import FarthingPrimitives
import Synchronization

/// What could not be done and lies in the outbox still, and when each of it is tried again.
///
/// What fails is tried again after one second, then after two, and so on: as much may wait as there are channels, and
/// each try asks the settlement several times.
final class PostponedEffects<Scheme: StoredChannelScheme>: Sendable {
    typealias Stored = ChannelEngine<Scheme>.StoredEffect
    /// An effect, and the channel that wants it.
    typealias Asked = (channel: ChannelID, effect: Stored)

    private struct Entries {
        var waiting: [PendingEffect.ID: (asked: Asked, due: Instant)] = [:]
        /// How often each has failed that is not done.
        var failures: [PendingEffect.ID: Int] = [:]
    }

    private let entries = Mutex(Entries())
    private let clock: @Sendable () -> Instant
    private let isUrgent: @Sendable (Scheme.Effect) -> Bool

    /// The longest pause between two tries, and that for what is urgent.
    ///
    /// - Unit: seconds.
    static var longestPause: (usual: Int64, urgent: Int64) { (60, 10) }

    /// - Parameter isUrgent: Whether money is lost when an effect is done some minutes late.
    init(clock: @escaping @Sendable () -> Instant, isUrgent: @escaping @Sendable (Scheme.Effect) -> Bool) {
        self.clock = clock
        self.isUrgent = isUrgent
    }

    /// Takes in what nobody has begun; it is due at once.
    func add(_ effects: [Asked]) {
        let now = clock()
        entries.withLock { entries in for one in effects { entries.waiting[one.effect.id] = (one, now) } }
    }

    /// Takes in what has just failed.
    ///
    /// - Returns: Whether to say so: the first time, and then ever more rarely.
    func failed(_ stored: Stored, of channel: ChannelID) -> Bool {
        let (now, longest) = (clock(), longestPause(before: stored))
        return entries.withLock { entries in
            let count = entries.failures[stored.id, default: 0] + 1
            entries.failures[stored.id] = count
            let pause = min(longest, 1 << Int64(min(count - 1, 10)))
            entries.waiting[stored.id] = ((channel, stored), now.advanced(bySeconds: pause))
            return count.nonzeroBitCount == 1
        }
    }

    /// Whether an effect waits for another try.
    func contains(_ stored: Stored) -> Bool { entries.withLock { $0.waiting[stored.id] != nil } }

    /// Takes effects out, oldest first: whoever does tries them, and says so with ``tried(_:)``.
    ///
    /// - Parameter onlyDue: Whether those stay that are to be tried later.
    func take(onlyDue: Bool = false, where isWanted: (Asked) -> Bool = { _ in true }) -> [Asked] {
        let now = clock()
        return entries.withLock { entries in
            let taken = entries.waiting.filter { _, entry in
                guard isWanted(entry.asked) else { return false }
                // A clock that was set back puts nothing off.
                return !onlyDue || entry.due <= now
                    || entry.due > now.advanced(bySeconds: longestPause(before: entry.asked.effect))
            }
            for id in taken.keys { entries.waiting[id] = nil }
            return taken.sorted { $0.key < $1.key }.map(\.value.asked)
        }
    }

    /// Forgets how often effects have failed that were taken out, and failed no more.
    func tried(_ effects: [Asked]) {
        entries.withLock { entries in
            for (_, stored) in effects where entries.waiting[stored.id] == nil { entries.failures[stored.id] = nil }
        }
    }

    private func longestPause(before stored: Stored) -> Int64 {
        isUrgent(stored.effect) ? Self.longestPause.urgent : Self.longestPause.usual
    }
}
