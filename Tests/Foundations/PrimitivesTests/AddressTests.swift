// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("An address")
struct AddressTests {
    /// - Source: EIP-55, "Test Cases".
    private static let published = [
        "0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ]

    @Test(arguments: published)
    func `is written with the published checksum`(text: String) throws {
        let address = try #require(Address(hex: text))
        #expect(address.checksummed == text)
        #expect(address.description == text)
        #expect(address.hex == text.lowercased())
        #expect(Address(checking: text) == address)
        #expect(Address(address.bytes) == address)
    }

    @Test(arguments: published.suffix(4))
    func `is refused from a person when one letter has the wrong case, and read from a program`(text: String) throws {
        for (offset, letter) in text.enumerated().dropFirst(2) where letter.isLetter {
            var letters = Array(text)
            letters[offset] = Character(letter.isUppercase ? letter.lowercased() : letter.uppercased())
            #expect(Address(checking: String(letters)) == nil)
            #expect(Address(hex: String(letters)) == Address(hex: text))
        }
    }

    @Test(arguments: published.suffix(4))
    func `is read from a person in one case, which carries no checksum`(text: String) {
        #expect(Address(checking: text.lowercased()) == Address(hex: text))
        #expect(Address(checking: "0x" + text.dropFirst(2).uppercased()) == Address(hex: text))
    }

    @Test(arguments: [
        "", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaé",
    ])
    func `is nothing but 0x and 40 digits`(text: String) {
        #expect(Address(hex: text) == nil)
        #expect(Address(checking: text) == nil)
    }

    @Test(arguments: [0, 19, 21, 32])
    func `is made of 20 bytes and no other number`(count: Int) {
        #expect(Address([UInt8](repeating: 1, count: count)) == nil)
    }

    @Test func `is ordered by its bytes`() throws {
        let low = try #require(Address([UInt8](repeating: 0, count: 19) + [255]))
        let high = try #require(Address([1] + [UInt8](repeating: 0, count: 19)))
        #expect(Address.zero < low)
        #expect(low < high)
        #expect(Set([low, high, low]).count == 2)
    }
}
