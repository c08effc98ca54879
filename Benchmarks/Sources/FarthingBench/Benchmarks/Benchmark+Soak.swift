// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Benchmark {
    static let soak = Benchmark(
        name: "soak",
        summary: """
            The gate's memory under a load that lasts: \(lanes) connections pay as fast as they can, and after each \
            turn the system is asked how much memory the process has. Flat means that the second half of the time adds \
            less than 1 % to it.
            """
    ) { setting in
        let gate = try ChildServer(.gate, folder: try HTTPServers.folder(setting.folder, "gate"))
        defer { gate.stop() }
        guard gate.residentBytes != nil else { return nil }
        let wallet = try await Wallet(channels: lanes, port: gate.port)
        let start = ContinuousClock.now
        var samples: [MemorySample] = []
        var rate = 1000.0
        var loaded = 0.0
        var payments = 0
        while samples.count < 4 || samples[samples.count - 1].time < setting.soakMinutes * 60 {
            let turn = min(10, max(1, setting.soakMinutes * 6))
            let requests = await HTTPEntrant.payments(Int(rate * turn), of: wallet, lanes: lanes)
            let outcome = try await LoadGenerator(port: gate.port, requests: LoadRequests(lanes: requests))
                .run(against: gate)
            try Receipt.check(outcome.last, wallet)
            rate = outcome.measurement.perSecond
            loaded += outcome.measurement.wall
            payments += outcome.measurement.operations
            let time = (ContinuousClock.now - start) / .seconds(1)
            samples.append(MemorySample(time: time, payments: payments, bytes: gate.residentBytes ?? 0))
            setting.tell("soak, \(Int(time)) s: \(Int((gate.residentBytes ?? 0) / 1024)) KiB")
        }
        let half = samples.filter { $0.time >= samples[samples.count - 1].time / 2 }
        let slope = MemorySample.bytesPerSecond(half)
        let span = half[half.count - 1].time - half[0].time
        let growth = Row(
            "growth, second half", [slope * span / 1024], unit: "KiB",
            atMost: [0.01 * half[0].bytes / 1024], called: "1 % of it")
        let most = Spread(samples.map { $0.bytes / 1_048_576 })
        return Measured(
            rows: [
                Row(name: "paid", value: Spread([Double(payments) / loaded])),
                Row(name: "memory", value: most, unit: "MiB"), growth,
            ].compactMap { $0 },
            remarks: [
                "\(payments) payments in \(Report.text(samples[samples.count - 1].time / 60)) minutes, of which "
                    + "\(Int(loaded)) s under load; the rest went into signing. `--soak MINUTES` makes it longer.",
                "In MiB after each turn: "
                    + MemorySample.thinned(samples, to: 12).map { Report.text($0.bytes / 1_048_576) }
                    .joined(separator: ", ") + ".",
            ])
    }
}
