// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Testing

@Suite("A random walk of a crowd on one ledger")
struct LedgerCrowdWalkTests {
    @Test(arguments: [1, 20_261_121] as [UInt64])
    func `keeps every payee's claim and every payer's rest, with channels of all kinds at once`(
        seed: UInt64
    ) async throws {
        print("Walk of a crowd with seed \(seed)")
        try await withDirectory { directory in
            let crowd = try await Crowd(seed: seed, path: directory + "/ledger.db")
            var (step, missing) = (0, Deed.all)
            // Some deeds need luck, or much that comes before them.
            while step < Self.steps || (!missing.isEmpty && step < Self.mostSteps) {
                step += 1
                try await crowd.step(step)
                if step.isMultiple(of: 100) { try await crowd.stage.expectConserved() }
                missing.removeAll { crowd.done.contains($0) }
            }
            print("\(step) steps with seed \(seed)")
            #expect(missing == [], "what was never done, seed \(seed)")
            try await crowd.goHome()
            try await crowd.stage.expectConserved()
        }
    }

    private static let steps = 1000
    private static let mostSteps = 30_000
}
