// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// One round: how fast the disk is, how much the gate takes, and how long requests wait at less.
struct LatencyRound: Sendable {
    /// - Unit: requests a second, each connection sending its next when the last is answered.
    let peak: Double
    /// - Unit: requests a second.
    let rate: Double
    /// - Unit: seconds.
    let sync, sync99, p50, p99: Double
    /// - Unit: microseconds of the server's processor time for a request.
    let cost: Double

    /// - Parameter peak: What an earlier round found, by which the length of this one is chosen.
    init(
        _ gate: ChildServer, _ wallet: Wallet, _ disk: DiskSync, seconds: Double, expecting peak: Double?
    ) async throws {
        let count = max(wallet.count * 5, Int((peak ?? 0) * seconds))
        let before = try disk.times(50)
        let closed = LoadRequests(
            lanes: await HTTPEntrant.payments(count, of: wallet, lanes: wallet.count))
        let busiest = try await LoadGenerator(port: gate.port, requests: closed).run(against: gate)
        try Receipt.check(busiest.last, wallet)
        self.peak = busiest.measurement.perSecond
        rate = 0.8 * self.peak

        let each = max(2, Int(rate * seconds * 2) / wallet.count)
        let open = LoadRequests(
            turnByTurn: await HTTPEntrant.payments(each * wallet.count, of: wallet, lanes: wallet.count))
        let outcome = try await LoadGenerator(port: gate.port, requests: open, rate: rate).run(against: gate)
        try Receipt.check(outcome.last, wallet)
        let syncs = (before + (try disk.times(50))).sorted()
        sync = syncs[syncs.count / 2]
        sync99 = syncs[syncs.count * 99 / 100]
        p50 = outcome.measurement.latency(0.5) ?? 0
        p99 = outcome.measurement.latency(0.99) ?? 0
        cost = outcome.measurement.cpuPerOperation * 1e6
    }
}
