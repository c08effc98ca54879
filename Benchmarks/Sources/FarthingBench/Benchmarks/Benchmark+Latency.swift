// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Benchmark {
    static let latency = Benchmark(
        name: "latency",
        summary: """
            How long paid requests wait at 80 % of the load that the gate can take, sent at a fixed rate over \
            \(PayingServer.channels) connections whether or not earlier ones are answered. A request that could not be \
            sent in time counts from when it should have been.
            """
    ) { setting in
        let gate = try ChildServer(.gate, folder: try HTTPServers.folder(setting.folder, "gate"))
        defer { gate.stop() }
        let wallet = try await Wallet(channels: PayingServer.channels, port: gate.port)
        let disk = try DiskSync(folder: setting.folder)
        var rounds: [LatencyRound] = []
        for round in 0...setting.rounds {
            setting.tell("latency, round \(round) of \(setting.rounds)")
            let last = rounds.last?.peak
            let measured = try await LatencyRound(gate, wallet, disk, seconds: setting.seconds, expecting: last)
            // The first is to find out how fast it goes, and to warm up.
            if round > 0 { rounds.append(measured) }
        }
        let limits = rounds.map { 2e3 * $0.sync + 2 }
        let rows = [
            Row(name: "peak, \(PayingServer.channels) connections", value: Spread(rounds.map(\.peak))),
            Row(name: "sent, 80 % of it", value: Spread(rounds.map(\.rate)), cost: Spread(rounds.map(\.cost))),
            Row(name: "fsync of 4 KiB, median", value: Spread(rounds.map { $0.sync * 1e3 }), unit: "ms"),
            Row(name: "fsync of 4 KiB, p99", value: Spread(rounds.map { $0.sync99 * 1e3 }), unit: "ms"),
            Row(name: "p50", value: Spread(rounds.map { $0.p50 * 1e3 }), unit: "ms"),
            Row("p99", rounds.map { $0.p99 * 1e3 }, unit: "ms", atMost: limits, called: "2 × fsync + 2 ms"),
        ].compactMap { $0 }
        return Measured(
            rows: rows,
            remarks: [
                "fsync is timed alone, before and after the load of its round; while the gate writes, it takes longer."
            ])
    }
}
