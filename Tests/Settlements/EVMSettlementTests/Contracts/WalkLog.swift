// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Foundation
import Testing

/// Numbers the steps of a walk, and ends it.
struct WalkSteps {
    private let stage: ContractStage
    private let start = ContinuousClock.now
    private var count = 0

    init(_ stage: ContractStage) { self.stage = stage }

    /// The number of the next step; `nil` when there were enough, or when a long walk had its time.
    mutating func next() async throws -> Int? {
        let steps =
            stage.queue == nil ? WalkLog.steps : Self.setting("FARTHING_LONG_WALK_STEPS", else: Self.longSteps)
        let seconds = Self.setting("FARTHING_LONG_WALK_SECONDS", else: Self.longSeconds)
        let isLate = ContinuousClock.now - start > .seconds(seconds)
        // Some orders are not even tried, so twice as many as there must be.
        let isLongEnough = WalkSteps.isShortened || count >= 2 * WalkLog.fewestOfLong
        let isOver = count == steps || stage.queue != nil && isLate && isLongEnough
        guard isOver else {
            count += 1
            return count - 1
        }
        if let queue = stage.queue {
            try await queue.flush()
            let time = (ContinuousClock.now - start).formatted(.units(allowed: [.seconds], width: .abbreviated))
            print("a long walk took \(time)")
        }
        return nil
    }

    /// How many orders a long walk gives, if it has the time.
    private static let longSteps = 10_000
    /// How long it may take.
    private static let longSeconds = 60

    /// Whether somebody asked for fewer steps or less time than long walks have.
    static var isShortened: Bool {
        setting("FARTHING_LONG_WALK_STEPS", else: longSteps) < longSteps
            || setting("FARTHING_LONG_WALK_SECONDS", else: longSeconds) < longSeconds
    }

    static func setting(_ name: String, else usual: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
    }
}

/// What a walk has met.
struct WalkLog {
    private(set) var counts: [String: Int] = [:]

    /// How many orders a walk gives.
    static var steps: Int { WalkSteps.setting("FARTHING_WALK_STEPS", else: 150) }
    /// How many a long walk gives at least, on whatever machine: a small part of what a slow one has the time for.
    fileprivate static let fewestOfLong = 300

    mutating func add(_ answer: Answer) {
        let name =
            switch answer {
            case .done, .drawn: "done"
            case .nothing: "nothing"
            case .refused(let code): code
            // No step: it would be counted for more than it is.
            case .untried: nil as String?
            }
        guard let name else { return }
        counts[name, default: 0] += 1
    }

    /// A walk that meets nothing but refusals, or none, tries nothing, and neither does one that hardly gets anywhere.
    func expect(refusals: Int, on stage: ContractStage, sourceLocation: SourceLocation = #_sourceLocation) {
        let all = counts.values.reduce(0, +)
        if stage.queue != nil { print("a long walk did \(all) steps") }
        if ProcessInfo.processInfo.environment["FARTHING_WALK_STEPS"] != nil {
            print("walk:", counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        // How many there are is known of the walk that everybody takes, not of one with other dice.
        guard ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"] == nil else { return }
        let fewest = stage.queue == nil ? Self.steps : WalkSteps.isShortened ? 1 : Self.fewestOfLong
        #expect(all >= fewest, sourceLocation: sourceLocation)
        #expect(counts["done", default: 0] >= max(WalkLog.steps / 8, all / 10), sourceLocation: sourceLocation)
        #expect(counts["nothing", default: 0] > 0, sourceLocation: sourceLocation)
        #expect(counts.count - 2 >= refusals, sourceLocation: sourceLocation)
    }
}

extension SeededGenerator {
    /// The dice of a walk; others where `FARTHING_WALK_SEED` says so.
    static func ofWalk(_ seed: UInt64) -> SeededGenerator {
        let shift = ProcessInfo.processInfo.environment["FARTHING_WALK_SEED"].flatMap { UInt64($0) } ?? 0
        return SeededGenerator(seed: seed &+ shift &* 1000)
    }

    /// True once in so many times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func pick<Value>(_ values: [Value]) throws -> Value {
        try #require(values.randomElement(using: &self))
    }
}

/// Lets two long walks go at a time: each keeps a processor busy, and others wait for theirs.
actor LongWalkTurns {
    static let shared = LongWalkTurns()

    private var free = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
