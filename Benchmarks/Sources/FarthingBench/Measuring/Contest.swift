// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Entrants that take turns, so that whatever else the machine does hits them alike.
struct Contest: Sendable {
    var entrants: [Entrant]
    /// What was measured by the way, such as sizes.
    var figures: @Sendable () async throws -> [Row] = { [] }
    /// What else is worth telling, once all rows are there.
    var remarks: @Sendable ([Row]) async throws -> [String] = { _ in [] }
    var finish: @Sendable () async -> Void = {}

    /// Leaves in those whose name holds the text, and those that they are held against.
    mutating func keep(_ text: String) {
        let kept = entrants.filter { $0.name.contains(text) }
        let names = Set(kept.flatMap { [$0.name] + $0.anchors.map(\.name) })
        entrants.removeAll { !names.contains($0.name) }
    }

    /// Lets everybody run: first to find out how long a turn is, then round after round.
    ///
    /// - Parameter seconds: How long a turn should take, by the clock on the wall.
    func run(
        rounds: Int, seconds: Double, progress: @Sendable (_ round: Int, _ name: String) -> Void
    ) async throws -> [Row] {
        var counts: [Int] = []
        for entrant in entrants {
            progress(0, entrant.name)
            // The first turn fills caches and opens channels; only the second tells how fast it goes.
            _ = try await entrant.prepare(entrant.trial)()
            let trial = try await entrant.prepare(entrant.trial)()
            counts.append(max(entrant.trial, Int(trial.perSecond * seconds)))
        }
        var measurements = [[Measurement]](repeating: [], count: entrants.count)
        for round in 1...rounds {
            for (index, entrant) in entrants.enumerated() {
                progress(round, entrant.name)
                measurements[index].append(try await entrant.prepare(counts[index])())
            }
        }
        let byName = Dictionary(
            zip(entrants.map(\.name), measurements), uniquingKeysWith: { first, _ in first })
        return zip(entrants, measurements).map { Row($0, $1, among: byName) }
    }
}
