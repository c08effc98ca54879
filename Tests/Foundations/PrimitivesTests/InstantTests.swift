// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("A moment")
struct InstantTests {
    private let noon = Instant(unixSeconds: 1_700_000_000)

    @Test func `moves by seconds, forwards and backwards`() {
        #expect(noon.advanced(bySeconds: 60) == Instant(unixSeconds: 1_700_000_060))
        #expect(noon.advanced(bySeconds: -60) == Instant(unixSeconds: 1_699_999_940))
        #expect(noon.advanced(bySeconds: 60).seconds(since: noon) == 60)
        #expect(noon.seconds(since: noon.advanced(bySeconds: 60)) == -60)
        #expect(noon < noon.advanced(bySeconds: 1))
    }

    @Test func `is held at the ends of time`() {
        let first = Instant(unixSeconds: .min)
        let last = Instant(unixSeconds: .max)
        #expect(noon.advanced(bySeconds: .max) == last)
        #expect(last.advanced(bySeconds: 1) == last)
        #expect(first.advanced(bySeconds: -1) == first)
        #expect(first.advanced(bySeconds: .max) == Instant(unixSeconds: -1))
    }

    @Test(
        arguments: [
            (.max, .min, .max), (.max, -1, .max), (0, .min, .max), (1, .min, .max), (-1, .min, .max),
            (.min, .max, .min), (.min, 1, .min), (-2, .max, .min), (-1, .max, .min), (0, .max, -.max),
        ] as [(Int64, Int64, Int64)])
    func `is at most all of time away from another`(later: Int64, earlier: Int64, seconds: Int64) {
        #expect(Instant(unixSeconds: later).seconds(since: Instant(unixSeconds: earlier)) == seconds)
    }
}
