// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("Hexadecimal text")
struct HexTests {
    @Test func `spells every byte in two lower-case digits`() {
        let bytes = (0...255).map { UInt8($0) }
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(Hex.digits(bytes) == digits)
        #expect(Hex.encode(bytes) == "0x" + digits)
        #expect(Hex.decode(digits) == bytes)
        #expect(Hex.decode("0x" + digits) == bytes)
        #expect(Hex.decode(digits.uppercased()) == bytes)
    }

    @Test func `of no bytes is empty`() {
        #expect(Hex.encode([]) == "0x")
        #expect(Hex.digits([]) == "")
        #expect(Hex.decode("") == [])
        #expect(Hex.decode("0x") == [])
    }

    @Test(arguments: [
        "0", "0x0", "0x0g", "0x /", "0x0:", "0x0@", "0xG0", "0x`0", "0X00", "0x0x00", "é0", "0x0é", " 00",
    ])
    func `is refused with an odd digit or a foreign one`(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
