// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("Base64")
struct Base64Tests {
    /// RFC 4648, section 10.
    static let published = [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]

    @Test(arguments: published)
    func `agrees with the published vectors`(plain: String, text: String) throws {
        let unpadded = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(Array(plain.utf8)) == text)
        #expect(Base64.encode(Array(plain.utf8), alphabet: .urlUnpadded) == unpadded)
        #expect(try Base64.decode(text, maximumBytes: 6) == Array(plain.utf8))
        #expect(try Base64.decode(unpadded, alphabet: .urlUnpadded, maximumBytes: 6) == Array(plain.utf8))
    }

    @Test func `writes the last two characters of each alphabet`() throws {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xFE]
        #expect(Base64.encode(bytes) == "+//+")
        #expect(Base64.encode(bytes, alphabet: .urlUnpadded) == "-__-")
        #expect(try Base64.decode("+//+", maximumBytes: 3) == bytes)
        #expect(try Base64.decode("-__-", alphabet: .urlUnpadded, maximumBytes: 3) == bytes)
    }

    @Test(arguments: [
        ("A", Base64.DecodingError.badLength(1)), ("Zg", .badLength(2)), ("Zm8", .badLength(3)),
        ("Zg=", .badLength(3)), ("Zm9v\n", .badLength(5)), ("Zm9vY", .badLength(5)),
        ("Zm9 ", .badCharacter(at: 3)), ("Zm9v\nZm9", .badCharacter(at: 4)), ("-__-", .badCharacter(at: 0)),
        ("Zm9vZm_v", .badCharacter(at: 6)), ("Zm\u{0}v", .badCharacter(at: 2)), ("Zmé", .badCharacter(at: 2)),
        ("Z ==", .badCharacter(at: 1)),
        ("====", .badPadding(at: 0)), ("Z===", .badPadding(at: 1)), ("Zg==Zg==", .badPadding(at: 2)),
        ("Z=g=", .badPadding(at: 1)), ("=Zg=", .badPadding(at: 0)), ("Zm=v", .badPadding(at: 2)),
        ("Zh==", .trailingBits(at: 1)), ("Zv==", .trailingBits(at: 1)), ("Zm9=", .trailingBits(at: 2)),
        ("Zm9vZm9=", .trailingBits(at: 6)),
    ])
    func `refuses what is not the one text of its bytes`(text: String, error: Base64.DecodingError) {
        #expect(throws: error) { try Base64.decode(text, maximumBytes: 100) }
    }

    @Test(arguments: [
        ("A", Base64.DecodingError.badLength(1)), ("Zm9vY", .badLength(5)), ("Zg==", .badPadding(at: 2)),
        ("Zm8=", .badPadding(at: 3)), ("Zm9v=", .badLength(5)), ("+//+", .badCharacter(at: 0)),
        ("Zm9/", .badCharacter(at: 3)), ("Zm ", .badCharacter(at: 2)), ("Zh", .trailingBits(at: 1)),
        ("Zm9", .trailingBits(at: 2)),
    ])
    func `refuses padding and the other alphabet in a text for URLs`(text: String, error: Base64.DecodingError) {
        #expect(throws: error) { try Base64.decode(text, alphabet: .urlUnpadded, maximumBytes: 100) }
    }

    @Test func `refuses to make more bytes than the limit, before reading any character`() throws {
        #expect(try Base64.decode("Zm9vYg==", maximumBytes: 4).count == 4)
        #expect(throws: Base64.DecodingError.tooLong(bytes: 4, limit: 3)) {
            try Base64.decode("!!!!!!==", maximumBytes: 3)
        }
        #expect(throws: Base64.DecodingError.tooLong(bytes: 0, limit: -1)) { try Base64.decode("", maximumBytes: -1) }
    }

    @Test(arguments: [
        (Base64.DecodingError.badLength(5), "base64.bad-length", "No Base64 text of this kind is 5 characters long."),
        (
            .badCharacter(at: 3), "base64.bad-character",
            "The Base64 text has a character of another alphabet at offset 3."
        ),
        (
            .badPadding(at: 3), "base64.bad-padding",
            "The Base64 text has padding where none belongs, at offset 3."
        ),
        (
            .trailingBits(at: 3), "base64.trailing-bits",
            "The Base64 text has bits left over in its character at offset 3."
        ),
        (
            .tooLong(bytes: 9, limit: 8), "base64.too-long",
            "The Base64 text holds 9 bytes, but at most 8 are read."
        ),
    ])
    func `explains what it refuses`(error: Base64.DecodingError, code: String, message: String) {
        #expect(error.code == code)
        #expect(error.message == message)
        #expect(error.description == message)
    }

    @Test(arguments: [Base64.Alphabet.standard, .urlUnpadded], [1, 2] as [UInt64])
    func `comes back as it was, for bytes at random`(alphabet: Base64.Alphabet, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for count in 0..<300 {
            let bytes = random.bytes(count)
            let text = Base64.encode(bytes, alphabet: alphabet)
            #expect(try Base64.decode(text, alphabet: alphabet, maximumBytes: count) == bytes, "seed \(seed)")
        }
    }

    @Test(arguments: [Base64.Alphabet.standard, .urlUnpadded], [3, 4] as [UInt64])
    func `accepts a changed text only as the one text of other bytes`(alphabet: Base64.Alphabet, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<3_000 {
            var text = Array(Base64.encode(random.bytes(round % 40), alphabet: alphabet).utf8)
            guard let index = text.indices.randomElement(using: &random) else { continue }
            switch round % 3 {
            case 0: text[index] = .random(in: 0...255, using: &random)
            case 1: text[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            default: text.removeSubrange(index...)
            }
            guard let bytes = try? Base64.decode(text.span, alphabet: alphabet, maximumBytes: 100) else { continue }
            #expect(Array(Base64.encode(bytes, alphabet: alphabet).utf8) == text, "seed \(seed), round \(round)")
        }
    }
}
