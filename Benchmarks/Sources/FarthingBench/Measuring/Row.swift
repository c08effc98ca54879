// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// All rounds of one entrant.
struct Row: Sendable {
    struct Ratio: Sendable {
        let anchor: String
        /// The anchor's processor time for an operation, over this one's: 1 is as fast as the anchor.
        let spread: Spread
        let target: Double?
    }

    let name: String
    /// By the clock on the wall.
    let perSecond: Spread?
    /// Processor time for one operation.
    ///
    /// - Unit: microseconds.
    let cost: Spread?
    /// - Unit: milliseconds.
    let p50: Spread?
    /// - Unit: milliseconds.
    let p99: Spread?
    let ratios: [Ratio]

    /// - Parameter others: The measurements of all entrants, round by round.
    init(_ entrant: Entrant, _ measurements: [Measurement], among others: [String: [Measurement]]) {
        name = entrant.name
        perSecond = Spread(measurements.map(\.perSecond))
        cost = Spread(measurements.map { $0.cpuPerOperation * 1e6 })
        p50 = Spread(measurements.compactMap { $0.latency(0.5) }.map { $0 * 1e3 })
        p99 = Spread(measurements.compactMap { $0.latency(0.99) }.map { $0 * 1e3 })
        ratios = entrant.anchors.compactMap { anchor in
            let rounds = zip(others[anchor.name] ?? [], measurements)
            return Spread(rounds.map { $0.cpuPerOperation / $1.cpuPerOperation }).map {
                Ratio(anchor: anchor.name, spread: $0, target: anchor.target)
            }
        }
    }
}
