// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("A walk through a JSON text that is foreseen")
struct JSONCursorTests {
    /// A cursor with its text: neither a span nor a change of a value goes into an expectation.
    private final class Walk {
        let text: [UInt8]
        private var cursor: JSONCursor
        var position: Int { cursor.position }

        init(_ text: [UInt8], at position: Int = 0) {
            self.text = text
            cursor = JSONCursor(at: position)
        }

        func takes(_ sign: Unicode.Scalar) -> Bool {
            let text = text
            return cursor.takes(UInt8(ascii: sign), in: text.span)
        }
        func takes(exactly known: [UInt8]) -> Bool {
            let text = text
            return cursor.takes(exactly: known, in: text.span)
        }
        func string() -> Range<Int>? {
            let text = text
            return cursor.string(in: text.span)
        }
        func wholeNumber() -> UInt64? {
            let text = text
            return cursor.wholeNumber(in: text.span)
        }
        func checkedValue() -> Range<Int>? {
            let text = text
            return cursor.checkedValue(in: text.span)
        }
        func isAtEnd() -> Bool {
            let text = text
            return cursor.isAtEnd(of: text.span)
        }
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [" ", "\t", "\n", "\r", " \r\n\t ", ""])
    func `takes a byte after white space, and stays where it is otherwise`(space: String) {
        let cursor = Walk(Self.bytes(space + "{" + space))
        #expect(!cursor.takes("}"))
        #expect(cursor.position == space.utf8.count)
        #expect(cursor.takes("{"))
        #expect(cursor.position == space.utf8.count + 1)
        #expect(cursor.isAtEnd())
        #expect(!cursor.takes("{"))
    }

    @Test(arguments: ["\u{B}", "\u{C}", "\u{0}", "\u{A0}", "\u{FEFF}"])
    func `takes for white space only what JSON does`(space: String) {
        let cursor = Walk(Self.bytes(space + "{"))
        #expect(!cursor.takes("{"))
        #expect(!cursor.isAtEnd())
    }

    @Test func `takes a known text only byte for byte, whatever its length`() {
        var random = SeededGenerator(seed: 1)
        for count in 0...40 {
            let known = random.bytes(count).map { $0 | 0x40 }
            let text = Self.bytes(" ") + known + Self.bytes(",")
            var cursor = Walk(text)
            #expect(cursor.takes(exactly: known))
            #expect(cursor.position == count + 1)
            for index in 0..<count {
                var other = text
                other[index + 1] ^= 1
                cursor = Walk(other)
                #expect(!cursor.takes(exactly: known), "\(index) of \(count)")
                #expect(cursor.position == 1)
                cursor = Walk(Array(text[...index]))
                #expect(!cursor.takes(exactly: known), "cut to \(index)")
            }
        }
    }

    // MARK: - Strings

    @Test func `reads a string of any printable byte of ASCII but two, and no other`() {
        for byte in UInt8.min...UInt8.max {
            let text = Self.bytes(" \"ab") + [byte] + Self.bytes("cd\" ")
            let cursor = Walk(text)
            let range = cursor.string()
            switch byte {
            case UInt8(ascii: "\""): #expect(range == 2..<4)
            case UInt8(ascii: "\\"), 0x00..<0x20, 0x7F...0xFF: #expect(range == nil, "\(byte)")
            default:
                #expect(range == 2..<7, "\(byte)")
                #expect(cursor.position == 8)
            }
        }
    }

    @Test(arguments: ["", " ", "\"", "\"abc", "abc\"", "7", "{\"a\":1}", "'a'"])
    func `reads no string where none ends`(text: String) {
        let cursor = Walk(Self.bytes(text))
        #expect(cursor.string() == nil)
    }

    // MARK: - Whole numbers

    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("900", 900), ("999999999999999999", 999_999_999_999_999_999), (" 12", 12),
        ] as [(String, UInt64)])
    func `reads a whole number up to where it ends`(text: String, number: UInt64) {
        for end in [",", "}", "]", " ,", "\n}"] {
            let cursor = Walk(Self.bytes(text + end))
            #expect(cursor.wholeNumber() == number, "\(text)\(end)")
            #expect(cursor.position == text.utf8.count)
        }
    }

    @Test(arguments: [
        "", ",", "-1,", "-0,", "+1,", "00,", "01,", "007,", "1.0,", "1e3,", "1E3,", "0.5,", "1000000000000000000,",
        "9223372036854775807,", "\"7\",", "x,", "7", "0", "999999999999999999",
    ])
    func `leaves every other number to the one that reads in full`(text: String) {
        let cursor = Walk(Self.bytes(text))
        #expect(cursor.wholeNumber() == nil)
    }

    // MARK: - Values that were read in full

    @Test func `steps over a value that JSON took, and over nothing behind it`() throws {
        for seed in UInt64(0)..<2_000 {
            var random = SeededGenerator(seed: seed)
            let value = Self.value(depth: 3, using: &random)
            let json = try JSON.parse(Self.bytes(value))
            for (before, after) in [("[", ",1]"), ("[ ", "]"), ("{\"a\":", "}"), ("{\"a\":\n", ",\"b\":[]}")] {
                let text = Self.bytes(before + value + after)
                _ = try JSON.parse(text)
                let cursor = Walk(text, at: before.utf8.count)
                let range = try #require(cursor.checkedValue(), "seed \(seed): \(value)")
                #expect(try JSON.parse(Array(text[range])) == json, "seed \(seed): \(value)")
                #expect(cursor.position == before.utf8.count + value.utf8.count, "seed \(seed): \(value)")
            }
        }
    }

    @Test func `never leaves the text, whatever it is shown`() {
        let signs = Array("{}[]:,\"\\ 019.eE+-anu".utf8)
        var found = 0
        for seed in UInt64(0)..<20_000 {
            var random = SeededGenerator(seed: seed)
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in signs.randomElement(using: &random) ?? 0
            }
            let start = Int.random(in: 0...text.count, using: &random)
            let ends = [
                Self.end(text, start) { $0.checkedValue()?.upperBound },
                Self.end(text, start) { $0.string()?.upperBound },
                Self.end(text, start) { $0.wholeNumber() == nil ? nil : $0.position },
            ]
            for end in ends.compactMap({ $0 }) {
                found += 1
                #expect((start...text.count).contains(end), "seed \(seed)")
            }
        }
        #expect(found > 1_000)
    }

    private static func end(_ text: [UInt8], _ start: Int, _ read: (Walk) -> Int?) -> Int? {
        let cursor = Walk(text, at: start)
        return read(cursor)
    }

    /// Any JSON value, with brackets and quotation marks in its strings.
    private static func value(depth: Int, using random: inout SeededGenerator) -> String {
        func space() -> String { ["", "", " ", "\n\t"].randomElement(using: &random) ?? "" }
        func string() -> String {
            let parts = ["a", "}", "]", "{", "[", ",", ":", #"\""#, #"\\"#, #"\u0022"#, "é", " "]
            return "\""
                + (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    parts.randomElement(using: &random) ?? ""
                }.joined() + "\""
        }
        switch Int.random(in: 0..<(depth == 0 ? 3 : 5), using: &random) {
        case 0: return string()
        case 1: return ["true", "false", "null"].randomElement(using: &random) ?? "null"
        case 2: return ["0", "-1", "1.5e-7", "900"].randomElement(using: &random) ?? "0"
        case 3:
            let values = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                space() + value(depth: depth - 1, using: &random) + space()
            }
            return "[" + values.joined(separator: ",") + "]"
        default:
            let members = (0..<Int.random(in: 0...3, using: &random)).map { number in
                "\(space())\"m\(number)\"\(space()):\(space())\(value(depth: depth - 1, using: &random))\(space())"
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }
}
