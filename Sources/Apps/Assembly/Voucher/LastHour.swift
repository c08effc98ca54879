// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Something that a payer had done at the payee's cost.
protocol TimedTurn: Sendable {
    var time: Instant { get }
}

/// What payers had done within the last hour, for as many payers as are remembered.
struct LastHour<Turn: TimedTurn>: Sendable {
    /// - Unit: seconds.
    static var seconds: Int64 { 3600 }
    /// How many payers are remembered; beyond that the one is forgotten that has had nothing done for longest.
    private static var mostPayers: Int { 65_536 }

    private var turns: [Address: [Turn]] = [:]

    /// The turns of a payer that count, in their order.
    func recent(of payer: Address, at now: Instant) -> [Turn] { Self.recent(turns[payer] ?? [], at: now) }

    /// Adds a turn, and forgets what counts no more.
    mutating func add(_ turn: Turn, of payer: Address, at now: Instant) {
        if turns.count >= Self.mostPayers {
            turns = turns.filter { !Self.recent($0.value, at: now).isEmpty }
            if turns.count >= Self.mostPayers,
                let oldest = turns.min(by: { Self.last($0.value) < Self.last($1.value) })
            {
                turns[oldest.key] = nil
            }
        }
        turns[payer] = recent(of: payer, at: now) + [turn]
    }

    /// Changes the turns of a payer; one that has none left is forgotten.
    mutating func change(_ payer: Address, _ body: (inout [Turn]) -> Void) {
        guard var changed = turns[payer] else { return }
        body(&changed)
        turns[payer] = changed.isEmpty ? nil : changed
    }

    /// A turn of a moment that is yet to come is none: the clock was ahead then.
    private static func recent(_ turns: [Turn], at now: Instant) -> [Turn] {
        turns.filter { $0.time <= now && now.seconds(since: $0.time) < seconds }
    }

    private static func last(_ turns: [Turn]) -> Instant { turns.last?.time ?? Instant(unixSeconds: .min) }
}
