// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// All rounds of one thing that was measured.
struct Row: Sendable {
    struct Ratio: Sendable {
        let anchor: String
        /// What it stands for: `processor`, `rate`, or the unit of a limit.
        let basis: String
        /// How good or how large it is beside the anchor; for processor time and rates 1 is as good as the anchor.
        let spread: Spread
        let goal: Goal?

        var isMet: Bool? { goal?.isMet(by: spread.median) }
    }

    let name: String
    /// What was measured, in ``unit``.
    let value: Spread?
    /// Of the value: `1/s` for rates by the clock on the wall.
    var unit = "1/s"
    /// Processor time for one operation.
    ///
    /// - Unit: microseconds.
    var cost: Spread?
    /// - Unit: milliseconds.
    var p50: Spread?
    /// - Unit: milliseconds.
    var p99: Spread?
    /// How much of the time the load generator was at work.
    var clientShare: Spread?
    var ratios: [Ratio] = []
}

extension Row {
    /// - Parameter others: The measurements of all entrants, round by round.
    init(_ entrant: Entrant, _ measurements: [Measurement], among others: [String: [Measurement]]) {
        name = entrant.name
        value = Spread(measurements.map(\.perSecond))
        cost = Spread(measurements.map { $0.cpuPerOperation * 1e6 })
        p50 = Spread(measurements.compactMap { $0.latency(0.5) }.map { $0 * 1e3 })
        p99 = Spread(measurements.compactMap { $0.latency(0.99) }.map { $0 * 1e3 })
        clientShare = Spread(measurements.compactMap(\.clientShare))
        ratios = entrant.anchors.compactMap { anchor in
            let rounds: [Double]
            if let perSecond = anchor.perSecond {
                rounds = measurements.map { own in
                    switch anchor.basis {
                    case .processor: 1 / own.cpuPerOperation / perSecond
                    case .rate: own.perSecond / perSecond
                    }
                }
            } else {
                rounds = zip(others[anchor.name] ?? [], measurements).map { other, own in
                    switch anchor.basis {
                    case .processor: other.cpuPerOperation / own.cpuPerOperation
                    case .rate: own.perSecond / other.perSecond
                    }
                }
            }
            return Spread(rounds).map {
                Ratio(
                    anchor: anchor.name, basis: anchor.basis.rawValue, spread: $0,
                    goal: anchor.target.map(Goal.atLeast))
            }
        }
    }

    /// Something that is no rate, such as a time or a size, beside the most that it should be.
    ///
    /// - Parameter limits: One for each round, in the same unit.
    init?(_ name: String, _ values: [Double], unit: String, atMost limits: [Double], called limit: String) {
        guard let value = Spread(values), let ratio = Spread(zip(values, limits).map { $0 / $1 }) else { return nil }
        self.init(
            name: name, value: value, unit: unit,
            ratios: [Ratio(anchor: limit, basis: unit, spread: ratio, goal: .atMost(1))])
    }
}
