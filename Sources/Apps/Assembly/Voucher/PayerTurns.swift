// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Synchronization

/// Counts what each payer had done at the payee's cost within the last hour, and how much of it was small.
final class PayerTurns: Sendable {
    private struct Turn: TimedTurn {
        let time: Instant
        let isSmall: Bool
    }

    /// A payer has had its turns.
    struct Exhausted: Error, Hashable {
        let perHour: Int
        /// Whether it still has some of what is not small.
        let isOfSmall: Bool
        /// How long until the next turn.
        let seconds: Int64
    }

    private let perHour: Int
    private let smallPerHour: Int
    private let turns = Mutex(LastHour<Turn>())

    init(perHour: Int, smallPerHour: Int) {
        self.perHour = perHour
        self.smallPerHour = smallPerHour
    }

    /// Counts a turn before it is used.
    ///
    /// - Throws: ``Exhausted``; nothing is counted then.
    func take(_ payer: Address, isSmall: Bool, at now: Instant) throws(Exhausted) {
        try turns.withLock { (turns: inout LastHour<Turn>) throws(Exhausted) in
            let recent = turns.recent(of: payer, at: now)
            let small = recent.filter(\.isSmall)
            if recent.count >= perHour, let first = recent.first {
                throw Exhausted(perHour: perHour, isOfSmall: false, seconds: Self.wait(after: first, now))
            }
            if isSmall, small.count >= smallPerHour, let first = small.first {
                throw Exhausted(perHour: smallPerHour, isOfSmall: true, seconds: Self.wait(after: first, now))
            }
            turns.add(Turn(time: now, isSmall: isSmall), of: payer, at: now)
        }
    }

    /// Takes a turn back that was not used.
    func giveBack(_ payer: Address, takenAt time: Instant) {
        turns.withLock { turns in
            turns.change(payer) { recent in
                if let index = recent.lastIndex(where: { $0.time == time }) { recent.remove(at: index) }
            }
        }
    }

    private static func wait(after turn: Turn, _ now: Instant) -> Int64 {
        LastHour<Turn>.seconds - now.seconds(since: turn.time)
    }
}
