// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Testing

@Suite("The tokens that are spent")
struct SpentTokensTests {
    @Test func `are those that were put in, each once`() {
        var spent = SpentTokens()
        #expect(!spent.contains(0))
        for index in [0, 7, 8, 255, 256, 1_048_575] as [UInt32] {
            let isNew = (spent.insert(index), spent.insert(index))
            #expect(isNew == (true, false))
            #expect(spent.contains(index))
        }
        #expect(spent.count == 6)
        for index in [1, 6, 9, 254, 257, 511, 1_048_574, .max] as [UInt32] { #expect(!spent.contains(index)) }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `are the same in whatever order they were put in, and come back from their stored form`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let count = UInt32.random(in: 1...5000, using: &random)
        let indices = (0..<count).filter { _ in Int.random(in: 0..<40, using: &random) == 0 }
        let spent = filled(with: indices)
        #expect(filled(with: indices.shuffled(using: &random)) == spent)
        #expect(bytes(of: filled(with: indices.reversed())) == bytes(of: spent))
        #expect(try read(bytes(of: spent), of: count) == spent)
        #expect((0..<count).filter(spent.contains) == indices)
    }

    @Test func `take as little room as the words in which they are`() {
        #expect(bytes(of: SpentTokens()).count == 5)
        #expect(bytes(of: filled(with: [3])).count == 41)
        #expect(bytes(of: filled(with: Array(512..<768))).count == 41)
        #expect(bytes(of: filled(with: [3, 1_048_575])).count == 77)
    }

    @Test func `are stored as the words of a contract`() {
        let expected =
            "0x01" + "00000002"
            + "00000000" + "8000000000000000000000000000000000000000000000000000000000000103"
            + "00000003" + "0000000000000000000000000000000000000000000000000000000000000004"
        #expect(Hex.encode(bytes(of: filled(with: [0, 1, 8, 255, 770]))) == expected)
    }

    @Test(arguments: [
        ("no words", "00000001"),
        ("a word too many", "00000000" + "00000000" + one),
        ("a word of zeros", "00000001" + "00000000" + String(repeating: "0", count: 64)),
        ("a word twice", "00000002" + "00000000" + one + "00000000" + one),
        ("words out of order", "00000002" + "00000001" + one + "00000000" + one),
        ("a bit beyond the last token", "00000001" + "00000001" + two),
        ("a word beyond the last token", "00000001" + "00000002" + one),
        ("a word far beyond it", "00000001" + "ffffffff" + one),
    ])
    func `are refused in any other form`(what: String, digits: String) throws {
        let bytes = try #require(Hex.decode("0x01" + digits))
        #expect(throws: StoredFormError.damaged, "\(what)") { try read(bytes, of: 257) }
    }

    @Test func `are refused when the bytes are cut short`() {
        let bytes = bytes(of: filled(with: [0, 256]))
        for count in 1..<bytes.count {
            #expect(throws: StoredFormError.damaged) { try read(Array(bytes[..<count]), of: 257) }
        }
    }

    private static let one = String(repeating: "0", count: 63) + "1"
    private static let two = String(repeating: "0", count: 63) + "2"

    private func filled(with indices: [UInt32]) -> SpentTokens {
        var spent = SpentTokens()
        for index in indices { spent.insert(index) }
        return spent
    }

    private func bytes(of spent: SpentTokens) -> [UInt8] {
        var writer = ByteWriter(version: 1)
        writer.write(spent)
        return writer.bytes
    }

    private func read(_ bytes: [UInt8], of count: UInt32) throws -> SpentTokens {
        var reader = try ByteReader(bytes, newest: 1)
        let spent = try reader.spentTokens(of: count)
        try reader.finish()
        return spent
    }
}
