// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

@Suite("Thirty-two bytes")
struct Hash32Tests {
    private let counted = (0..<32).map { UInt8($0) }
    private let text = "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

    @Test func `keep their order in bytes and in text`() throws {
        let hash = try #require(Hash32(counted))
        #expect(hash.bytes == counted)
        #expect(hash.hex == text)
        #expect(hash.description == text)
        #expect(Hash32(hex: text) == hash)
        #expect(Hash32(hex: "0x" + text.dropFirst(2).uppercased()) == hash)
        #expect(Hash32 { $0.copyBytes(from: counted) } == hash)
        #expect(hash.withBytes { Array($0) } == counted)
    }

    @Test(arguments: [0, 31, 33])
    func `are no other number of bytes`(count: Int) {
        #expect(Hash32([UInt8](repeating: 7, count: count)) == nil)
        #expect(Hash32(hex: "0x" + String(repeating: "07", count: count)) == nil)
    }

    @Test func `need 0x and nothing but digits in text`() {
        #expect(Hash32(hex: String(text.dropFirst(2))) == nil)
        #expect(Hash32(hex: "0X" + text.dropFirst(2)) == nil)
        #expect(Hash32(hex: text.dropLast() + "g") == nil)
        #expect(Hash32(hex: " " + text.dropLast()) == nil)
    }

    @Test func `are ordered as their text is`() {
        var generator = SeededGenerator(seed: 0x32)
        let hashes = (0..<200).compactMap { _ in
            // Few values, so that many pairs begin alike.
            Hash32((0..<32).map { _ in UInt8.random(in: 0...1, using: &generator) })
        }
        #expect(hashes.count == 200)
        #expect(hashes.sorted().map(\.hex) == hashes.map(\.hex).sorted())
        #expect(Hash32.zero.bytes == [UInt8](repeating: 0, count: 32))
    }
}
