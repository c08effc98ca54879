// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

extension Report {
    var json: JSON {
        [
            "machine": [
                "processor": .string(machine.processor), "cores": .integer(machine.cores),
                "kernel": .string(machine.kernel), "swift": .string(machine.swift), "load": .string(machine.load),
            ],
            "rounds": .integer(rounds), "turnSeconds": Self.number(turn),
            "benchmarks": .array(
                sections.map { section in
                    [
                        "name": .string(section.name), "rows": .array(section.rows.map(Self.json)),
                        "remarks": .array(section.remarks.map { .string($0) }),
                    ]
                }),
        ]
    }

    private static func json(_ row: Row) -> JSON {
        .object([
            "name": .string(row.name),
            "perSecond": row.perSecond.map(json), "cpuMicroseconds": row.cost.map(json),
            "p50Milliseconds": row.p50.map(json), "p99Milliseconds": row.p99.map(json),
            "ratios": .array(
                row.ratios.map { ratio in
                    .object([
                        "against": .string(ratio.anchor), "ratio": json(ratio.spread),
                        "target": ratio.target.map(number),
                    ])
                }),
        ])
    }

    private static func json(_ spread: Spread) -> JSON {
        ["median": number(spread.median), "least": number(spread.least), "most": number(spread.most)]
    }

    /// Swift writes a number as JSON reads it, save what is not finite.
    private static func number(_ number: Double) -> JSON { JSON.Number(text: "\(number)").map { .number($0) } ?? .null }
}
