// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// What came of all vectors.
struct Report {
    private(set) var outcomes: [Outcome] = []
    private var knownDifferences: [String: String] = [:]

    mutating func add(_ more: [Outcome]) { outcomes += more }

    /// Takes in a list of ids with reasons: `{"differences": [{"id": …, "reason": …}]}`.
    mutating func readKnownDifferences(_ json: JSON) {
        for entry in json["differences"]?.arrayValue ?? [] {
            guard let id = entry["id"]?.stringValue else { continue }
            knownDifferences[id] = entry["reason"]?.stringValue ?? "no reason is told"
        }
    }

    var failures: [Outcome] { outcomes.filter(\.isFailure) }

    private var passed: Int { outcomes.count { $0.verdict == .passed } }

    /// How often each word was the reason to skip a vector.
    private var skippedWords: [(word: String, count: Int)] {
        var counts: [String: Int] = [:]
        for case .skipped(let words) in outcomes.map(\.verdict) { for word in words { counts[word, default: 0] += 1 } }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (word: $0.key, count: $0.value) }
    }

    private var skipped: Int { outcomes.count - passed - failures.count }

    func text(isVerbose: Bool) -> String {
        var lines: [String] = []
        for outcome in failures {
            guard case .failed(let expected, let got) = outcome.verdict else { continue }
            lines.append("FAILED \(outcome.id)" + (knownDifferences[outcome.id].map { " (known: \($0))" } ?? ""))
            if isVerbose { lines += ["    expected \(expected)", "    got      \(got)"] }
        }
        lines.append("\(passed) passed, \(failures.count) failed, \(skipped) skipped")
        if !skippedWords.isEmpty {
            lines.append("skipped for: " + skippedWords.map { "\($0.word) (\($0.count))" }.joined(separator: ", "))
        }
        return lines.joined(separator: "\n")
    }

    var json: JSON {
        let failed: [JSON] = failures.map { outcome in
            guard case .failed(let expected, let got) = outcome.verdict else { return .null }
            return .object([
                "id": .string(outcome.id), "expected": .string(expected), "got": .string(got),
                "known": knownDifferences[outcome.id].map { .string($0) },
            ])
        }
        return [
            "passed": .integer(passed), "failed": .integer(failed.count), "skipped": .integer(skipped),
            "failures": .array(failed),
            "skippedWords": .object(skippedWords.map { JSON.Member(name: $0.word, value: .integer($0.count)) }),
        ]
    }
}
