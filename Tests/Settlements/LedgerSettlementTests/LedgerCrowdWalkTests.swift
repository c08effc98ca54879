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
            for step in 1...Self.steps {
                try await crowd.step(step)
                if step.isMultiple(of: 100) { try await crowd.stage.expectConserved() }
            }
            let missing = Deed.all.filter { !crowd.done.contains($0) }
            #expect(missing == [], "what was never done, seed \(seed)")
            try await crowd.goHome()
            try await crowd.stage.expectConserved()
        }
    }

    private static let steps = 1000
}
