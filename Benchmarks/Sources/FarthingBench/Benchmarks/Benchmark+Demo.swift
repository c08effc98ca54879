// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingAssembly
import Foundation

extension Benchmark {
    static let demo = Benchmark(
        name: "demo",
        summary: """
            From the start of the gate to the first paid response of `farthing demo`, a new process each time: the \
            gate listens, a payer deposits, signs, and has its answer.
            """
    ) { setting in
        guard let program = Bundle.main.executablePath else { return nil }
        var times: [Double] = []
        var whole: [Double] = []
        for round in 0...max(3, setting.rounds) {
            setting.tell("demo, round \(round)")
            let start = ContinuousClock.now
            let time = try DemoBenchCommand.run(program, folder: setting.folder + "/demo-\(round)")
            // The first one finds nothing in the system's caches.
            if round > 0 {
                times.append(time)
                whole.append((ContinuousClock.now - start) / .milliseconds(1))
            }
        }
        return Measured(
            rows: [
                Row(
                    "first paid response", times, unit: "ms", atMost: times.map { _ in 20 }, called: "20 ms"),
                Row(name: "the whole demo, 100 requests", value: Spread(whole), unit: "ms"),
            ].compactMap { $0 })
    }
}
