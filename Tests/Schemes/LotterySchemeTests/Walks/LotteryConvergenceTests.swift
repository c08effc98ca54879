// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

/// What is captured follows from luck, and captured ≤ charged holds only on average.
@Suite("Captured and charged in the long run")
struct LotteryConvergenceTests {
    @Test(arguments: [2, 10, 100] as [UInt128])
    func `come together over 100,000 tickets, for payer and payee alike`(odds: UInt128) throws {
        var random = SeededGenerator(seed: UInt64(odds))
        let (price, face) = (units(7), units(7 * odds))
        let threshold = try #require(LotteryDraw.threshold(for: price, of: face))
        #expect(LotteryDraw.expectedValue(of: face, below: threshold) == price)
        let count = 100_000
        var wins = 0
        for _ in 0..<count {
            let number = LotteryDraw.number(
                r: Self.random(&random), s: Self.random(&random), secret: Self.random(&random))
            if number < threshold { wins += 1 }
        }
        let captured = Double(wins) * Double(face.units)
        let charged = Double(count) * Double(price.units)
        // Five standard deviations of a binomial distribution: by chance once in some two million times.
        let share = 1 / Double(odds)
        let deviation = (Double(count) * share * (1 - share)).squareRoot() * Double(face.units)
        #expect(abs(captured - charged) < 5 * deviation, "captured \(captured), charged \(charged)")
    }

    private static func random(_ random: inout SeededGenerator) -> Hash32 {
        var bytes: [UInt8] = []
        for _ in 0..<4 { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
        return Hash32(bytes) ?? .zero
    }
}
