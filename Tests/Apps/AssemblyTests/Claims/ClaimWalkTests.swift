// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingAssembly

@Suite("A payee's life", .timeLimit(.minutes(5)))
struct ClaimWalkTests {
    @Test(arguments: StoreKind.allCases, [1, 3, 4])
    func `keeps the sums in order and the caps, whatever happens`(kind: StoreKind, seed: UInt64) async throws {
        try await kind.withStore { store in
            let till = try await Till.open(caps: ClaimWalk.caps, store: store)
            var walk = try await ClaimWalk(seed: seed, till: till)
            for _ in 0..<400 { try await walk.step() }
            try await walk.close()
            // A walk that never meets a cap would prove nothing.
            #expect(!walk.deferrals.isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases, 1...4)
    func `goes on as if nothing had happened after each crash`(kind: StoreKind, seed: UInt64) async throws {
        try await kind.withStore { store in
            let till = try await Till.open(caps: ClaimWalk.caps, store: store)
            var walk = try await ClaimWalk(seed: 100 + seed, till: till)
            var generator = SeededGenerator(seed: seed)
            for _ in 0..<40 {
                try await walk.crash(after: .random(in: 0...12, using: &generator), steps: 25)
            }
            try await walk.close()
        }
    }
}
