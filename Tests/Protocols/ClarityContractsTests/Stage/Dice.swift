// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation
import Testing

/// The dice of a walk.
///
/// `FARTHING_WALK_STEPS` says how many steps walks take, `FARTHING_WALK_SEED` gives them other dice.
struct Dice {
    var source: SeededGenerator

    init(seed: UInt64) {
        let shift = ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"].flatMap { UInt64($0) } ?? 0
        source = SeededGenerator(seed: seed &+ shift &* 1000)
    }

    static var steps: Int {
        ProcessInfo.processInfo.environment["FARTHING_WALK_STEPS"].flatMap { Int($0) } ?? 120
    }

    /// True once in so many times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &source) == 0 }

    mutating func number(_ range: ClosedRange<UInt128>) -> UInt128 { UInt128.random(in: range, using: &source) }

    mutating func pick<Value>(_ values: [Value]) throws -> Value {
        try #require(values.randomElement(using: &source))
    }
}

/// What a walk has met.
struct WalkLog {
    private var counts: [String: Int] = [:]

    mutating func add(_ action: String, _ answer: Outcome) { counts["\(action) \(answer.brief)", default: 0] += 1 }
    mutating func add(_ name: String) { counts[name, default: 0] += 1 }

    /// A walk that meets nothing but refusals, or none, tries nothing.
    func expect(atLeast refusals: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        if ProcessInfo.processInfo.environment["FARTHING_WALK_STEPS"] != nil {
            print("walk:", counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        // What there is, is known of the walk that everybody takes, not of one with other dice.
        guard ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"] == nil else { return }
        #expect(counts.keys.count { $0.contains("err") } >= refusals, sourceLocation: sourceLocation)
        #expect(counts.keys.contains { $0.contains("ok") }, sourceLocation: sourceLocation)
        #expect(!counts.keys.contains { $0.contains("aborted") }, "\(counts)", sourceLocation: sourceLocation)
    }
}
