// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("An amount")
struct AmountTests {
    private static let widest = "340282366920938463463374607431768211455"

    @Test(arguments: ["0", "1", "10", "1500000", widest])
    func `reads decimal digits from the wire and writes them back`(text: String) throws {
        let amount = try #require(Amount(wire: text))
        #expect(amount.description == text)
    }

    @Test(arguments: [
        "", "-1", "+1", "0x1", "1.0", "01", "00", " 1", "1 ", "1_000", "1,000", "1e3", "١", "１", "1\u{301}", "1\0",
        "340282366920938463463374607431768211456", "999999999999999999999999999999999999999",
        "1000000000000000000000000000000000000000", "0000000000000000000000000000000000000001",
    ])
    func `refuses anything else on the wire`(text: String) {
        #expect(Amount(wire: text) == nil)
    }

    @Test func `comes back from the wire unchanged, whatever it is`() {
        let seed: UInt64 = 0xA301
        var generator = SeededGenerator(seed: seed)
        for step in 0..<2_000 {
            let wide = UInt128(generator.next()) << 64 | UInt128(generator.next())
            let amount = Amount(units: wide >> UInt128.random(in: 0..<128, using: &generator))
            #expect(Amount(wire: amount.description) == amount, "seed \(seed), step \(step)")
        }
    }

    @Test(
        arguments: [
            ("1.5", 6, 1_500_000), ("0.000001", 6, 1), ("12", 6, 12_000_000), ("12", 0, 12), ("0", 18, 0),
            ("0.0", 1, 0),
            ("007.50", 2, 750), ("1.50", 2, 150),
        ] as [(String, Int, UInt128)])
    func `reads whole tokens and their places`(text: String, decimals: Int, units: UInt128) {
        #expect(Amount(tokens: text, decimals: decimals) == Amount(units: units))
    }

    @Test(arguments: [
        ("", 6), (".", 6), (".5", 6), ("1.", 6), ("1.0000000", 6), ("1.0", 0), ("1.5.2", 6), ("-1", 6), ("+1", 6),
        ("1e3", 6), ("1,5", 6), (" 1", 6), ("1 ", 6), ("１", 6), ("1.５", 6), ("1", -1), ("1", 39),
    ])
    func `refuses tokens that are no plain decimal number, or finer than the token`(text: String, decimals: Int) {
        #expect(Amount(tokens: text, decimals: decimals) == nil)
    }

    @Test func `reads the largest sum of tokens, and not one unit more`() {
        #expect(Amount(tokens: "340282366920938463463.374607431768211455", decimals: 18) == .max)
        #expect(Amount(tokens: "340282366920938463463.374607431768211456", decimals: 18) == nil)
        #expect(Amount(tokens: "3.40282366920938463463374607431768211455", decimals: 38) == .max)
        #expect(Amount(tokens: "4", decimals: 38) == nil)
    }

    @Test(
        arguments: [
            (1_500_000, 6, "1.5"), (0, 6, "0"), (1, 6, "0.000001"), (10, 1, "1"), (1_000_000, 6, "1"), (7, 0, "7"),
            (7, -3, "7"), (1_230, 2, "12.3"),
        ] as [(UInt128, Int, String)])
    func `is written in whole tokens without idle zeros`(units: UInt128, decimals: Int, text: String) {
        #expect(Amount(units: units).text(decimals: decimals) == text)
    }

    @Test func `comes back from whole tokens unchanged, whatever the decimals`() {
        let seed: UInt64 = 0xA302
        var generator = SeededGenerator(seed: seed)
        for step in 0..<2_000 {
            let wide = UInt128(generator.next()) << 64 | UInt128(generator.next())
            let amount = Amount(units: wide >> UInt128.random(in: 0..<128, using: &generator))
            let decimals = Int.random(in: 0...38, using: &generator)
            let text = amount.text(decimals: decimals)
            #expect(Amount(tokens: text, decimals: decimals) == amount, "seed \(seed), step \(step): \(text)")
        }
    }

    @Test func `adds, subtracts and multiplies, and has no answer that does not fit`() {
        let one = Amount(units: 1)
        #expect(Amount(units: 2).adding(Amount(units: 3)) == Amount(units: 5))
        #expect(Amount.max.adding(.zero) == .max)
        #expect(Amount.max.adding(one) == nil)
        #expect(Amount(units: 3).subtracting(Amount(units: 3)) == .zero)
        #expect(Amount.zero.subtracting(one) == nil)
        #expect(Amount(units: 3).multiplied(by: 4) == Amount(units: 12))
        #expect(Amount.max.multiplied(by: 1) == .max)
        #expect(Amount.max.multiplied(by: 2) == nil)
        #expect(Amount.zero.clampedSubtracting(one) == .zero)
        #expect(Amount(units: 5).clampedSubtracting(Amount(units: 2)) == Amount(units: 3))
    }

    @Test func `is ordered as its units are`() {
        #expect(Amount.zero < Amount(units: 1))
        #expect(Amount(units: .max - 1) < .max)
        #expect(Amount.zero.isZero)
        #expect(!Amount.max.isZero)
    }
}
