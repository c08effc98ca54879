// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@testable import FarthingMerkleTokenScheme

@Suite("A window over tokens that were shown")
struct SeenTokensTests {
    @Test func `starts with the first, and its floor follows those without a gap`() {
        var seen = SeenTokens()
        #expect(!seen.contains(0))
        for index in 500...502 as ClosedRange<UInt32> {
            let isNew = seen.insert(index)
            #expect(isNew)
        }
        #expect(seen.floor == 503)
        #expect(seen.contains(499), "what lies below counts as shown")
        seen.insert(504)
        #expect(seen.floor == 503)
        seen.insert(503)
        #expect(seen.floor == 505)
    }

    @Test func `counts no index twice, and forgets none above its floor, whatever comes`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var seen = SeenTokens()
            var shown: Set<UInt32> = []
            var place: UInt32 = 0
            for _ in 0..<3000 {
                let back = UInt32.random(in: 0...1100, using: &random)
                place += UInt32.random(
                    in: 0...(Int.random(in: 0..<200, using: &random) == 0 ? 3000 : 3), using: &random)
                let index = place > back && Bool.random(using: &random) ? place - back : place
                let isNew = seen.insert(index)
                #expect(!(isNew && shown.contains(index)), "seed \(seed)")
                shown.insert(index)
                #expect(seen.contains(index) && !seen.contains(seen.floor), "seed \(seed)")
                #expect(seen.floor + SeenTokens.width > (shown.max() ?? 0), "seed \(seed)")
                #expect(isNew || index < seen.floor || shown.contains(index), "seed \(seed)")
            }
            for index in seen.floor..<(seen.floor + 1024) {
                #expect(seen.contains(index) == shown.contains(index), "seed \(seed)")
            }
        }
    }
}
