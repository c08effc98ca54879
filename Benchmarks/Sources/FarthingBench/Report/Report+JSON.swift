// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension Report {
    /// One object for each row and anchor, so that a program needs no more than a loop.
    var results: JSON {
        .array(sections.flatMap { section in section.rows.flatMap { Self.json($0, in: section.name) } })
    }

    /// What it ran on, and ``results``.
    var json: JSON {
        [
            "machine": [
                "processor": .string(machine.processor), "cores": .integer(machine.cores),
                "kernel": .string(machine.kernel), "swift": .string(machine.swift), "load": .string(machine.load),
            ],
            "versions": versions.all.reduce([:]) { $0.adding($1.name, .string($1.version)) },
            "rounds": .integer(rounds), "turnSeconds": Self.number(turn), "rows": results,
        ]
    }

    private static func json(_ row: Row, in benchmark: String) -> [JSON] {
        let figures = JSON.object([
            "name": .string("\(benchmark)/\(row.name)"), "unit": .string(row.unit),
            "rate": row.value.map { number($0.median) }, "rateLeast": row.value.map { number($0.least) },
            "rateMost": row.value.map { number($0.most) }, "cpuMicroseconds": row.cost.map { number($0.median) },
            "p50Milliseconds": row.p50.map { number($0.median) }, "p99Milliseconds": row.p99.map { number($0.median) },
            "clientShare": row.clientShare.map { number($0.median) },
        ])
        guard !row.ratios.isEmpty else {
            return [["anchor", "ratio", "target", "met"].reduce(figures) { $0.adding($1, .null) }]
        }
        return row.ratios.map { ratio in
            figures.adding("anchor", .string(ratio.anchor)).adding("basis", .string(ratio.basis))
                .adding("ratio", number(ratio.spread.median)).adding("ratioLeast", number(ratio.spread.least))
                .adding("ratioMost", number(ratio.spread.most))
                .adding("target", ratio.goal.map { number($0.value) } ?? .null)
                .adding("met", ratio.isMet.map { .bool($0) } ?? .null)
        }
    }

    /// Swift writes a number as JSON reads it, save what is not finite.
    private static func number(_ number: Double) -> JSON { JSON.Number(text: "\(number)").map { .number($0) } ?? .null }
}
