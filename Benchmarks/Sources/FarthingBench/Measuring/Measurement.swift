// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Foundation

/// What one turn came to.
struct Measurement: Sendable {
    let operations: Int
    /// - Unit: seconds by the clock on the wall.
    let wall: Double
    /// What the measured process used, all its threads together, in itself and in the kernel.
    ///
    /// - Unit: seconds.
    let cpu: Double
    /// How long each operation took, shortest first; empty when nobody waited for single ones.
    ///
    /// - Unit: seconds.
    var latencies: [Double] = []
    /// How much of the time the load generator was at work: near 1 it was the bottleneck.
    var clientShare: Double?

    var perSecond: Double { Double(operations) / wall }
    var cpuPerOperation: Double { cpu / Double(operations) }

    /// - Parameter share: From 0 to 1: 0.5 is the median.
    func latency(_ share: Double) -> Double? {
        latencies.isEmpty ? nil : latencies[min(latencies.count - 1, Int(Double(latencies.count) * share))]
    }

    /// Measures work that this process does.
    static func ofThisProcess(_ operations: Int, _ work: () async throws -> Void) async rethrows -> Measurement {
        let start = ContinuousClock.now
        let cpu = processSeconds()
        try await work()
        return Measurement(
            operations: operations, wall: (ContinuousClock.now - start) / .seconds(1), cpu: processSeconds() - cpu)
    }

    /// How much processor time this process has used so far.
    ///
    /// - Unit: seconds, counted in microseconds.
    /// - Source: C, clock(); on Linux that reads `CLOCK_PROCESS_CPUTIME_ID`.
    static func processSeconds() -> Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
