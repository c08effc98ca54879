// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("Thirty-two bytes as a number")
struct DecimalHashTests {
    private static let most = "115792089237316195423570985008687907853269984665640564039457584007913129639935"

    @Test func `are written and read in decimal digits`() throws {
        for (text, hex) in [
            ("0", String(repeating: "0", count: 64)), ("255", String(repeating: "0", count: 62) + "ff"),
            ("12345", String(repeating: "0", count: 60) + "3039"),
            (
                "340282366920938463463374607431768211456",
                String(repeating: "0", count: 31) + "1" + String(repeating: "0", count: 32)
            ),
            (Self.most, String(repeating: "f", count: 64)),
        ] {
            let number = try #require(Hash32(decimal: text))
            #expect(number.hex == "0x" + hex)
            #expect(number.decimal == text)
        }
    }

    @Test(arguments: [
        "", "00", "01", "-1", "+1", "1.0", "0x1", " 1", "1 ", "١",
        // 2²⁵⁶, and more digits than it has.
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "999999999999999999999999999999999999999999999999999999999999999999999999999999",
        "1000000000000000000000000000000000000000000000000000000000000000000000000000000",
    ])
    func `are not read from anything else`(text: String) { #expect(Hash32(decimal: text) == nil) }
}
