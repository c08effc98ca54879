// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A seeded generator")
struct SeededGeneratorTests {
    /// - Source: The reference implementation of SplitMix64 (Vigna, 2015), seed 1234567.
    @Test func `draws the published numbers`() {
        var generator = SeededGenerator(seed: 1_234_567)
        let drawn = (0..<5).map { _ in generator.next() }
        #expect(
            drawn == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }
}
