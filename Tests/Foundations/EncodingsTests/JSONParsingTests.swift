// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("Reading JSON")
struct JSONParsingTests {
    @Test func `reads every kind of value, with white space anywhere between`() throws {
        let text = "\t{ \"a\" : [ 1 , -2.5e+3 , true , false , null ] ,\r\n \"b\" : { } , \"\" : [ ] , \"s\":\"x\" } \n"
        let elements: JSON = [1, .number(try #require(JSON.Number(text: "-2.5e+3"))), true, false, .null]
        #expect(try JSON.parse(text) == ["a": elements, "b": [:], "": [], "s": "x"])
        #expect(try JSON.parse(text).text == #"{"a":[1,-2.5e+3,true,false,null],"b":{},"":[],"s":"x"}"#)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""caf\u00e9 \u00E9""#, "café é"),
        (#""\ud83d\ude00 \uDBFF\uDFFF""#, "😀 \u{10FFFF}"),
        (#""\u0000\uFFFF\uD7FF\uE000""#, "\u{0}\u{FFFF}\u{D7FF}\u{E000}"),
        ("\"é😀\u{7F}\\n\u{2028}\"", "é😀\u{7F}\n\u{2028}"),
        (#""""#, ""),
    ])
    func `unescapes strings`(text: String, expected: String) throws {
        #expect(try JSON.parse(text) == .string(expected))
    }

    @Test(arguments: ["0", "-0", "10", "0.0", "-1.50", "1e5", "1E-5", "1.25e+10", "123456789012345678901234567890"])
    func `reads numbers as they are written`(text: String) throws {
        #expect(try JSON.parse(text).text == text)
    }

    @Test(arguments: [
        ("", JSON.ParseError.truncated), (" ", .truncated), ("{", .truncated), ("[", .truncated), ("\"", .truncated),
        ("[1", .truncated), ("[1,", .truncated), ("{\"a\"", .truncated), ("{\"a\":", .truncated),
        ("{\"a\":1", .truncated), ("{\"a\":1,", .truncated), ("tru", .truncated), ("-", .truncated),
        ("1.", .truncated), ("1e", .truncated), ("1e+", .truncated), (#""\"#, .truncated), (#""\u12"#, .truncated),
        (#""\ud83d"#, .truncated), (#""\ud83d\"#, .truncated), (#""\ud83d\u"#, .truncated), (#""\n"#, .truncated),
    ])
    func `refuses a text that ends too early`(text: String, error: JSON.ParseError) {
        #expect(throws: error) { try JSON.parse(text) }
    }

    @Test(arguments: [
        ("[1,]", 3), ("{\"a\":1,}", 7), ("[,1]", 1), ("{,}", 1), ("[1 2]", 3), ("{\"a\" 1}", 5),
        ("{\"a\":1 \"b\":2}", 7),
        ("{a:1}", 1), ("{1:1}", 1), ("{\"a\":}", 5), ("[1}", 2), ("{\"a\":1]", 6), ("]", 0), ("+1", 0), (".5", 0),
        ("NaN", 0), ("nul!", 3), ("True", 0), ("'a'", 0), ("\u{FEFF}1", 0), ("\u{A0}1", 0), ("/**/1", 0),
        ("[1\u{B}]", 2), ("\"a\nb\"", 2), ("\"\u{0}\"", 1), ("\"\\n\u{1F}\"", 3),
    ])
    func `refuses a byte that has no place there`(text: String, offset: Int) {
        #expect(throws: JSON.ParseError.unexpectedByte(at: offset)) { try JSON.parse(text) }
    }

    @Test(arguments: [
        ("01", 0), ("-01", 0), ("[00]", 1), ("-x", 0), ("1.x", 0), ("[1.]", 1), ("1.e5", 0), ("1ex", 0), ("1e+x", 0),
        ("--1", 0), ("-.5", 0),
    ])
    func `refuses a malformed number`(text: String, offset: Int) {
        #expect(throws: JSON.ParseError.badNumber(at: offset)) { try JSON.parse(text) }
    }

    @Test(arguments: [
        (#""\x41""#, 1), (#""a\'""#, 2), (#""\u00g0""#, 1), (#""\U0041""#, 1), (#""\u+041""#, 1),
        (#""\ud83d""#, 1), (#""ab\ud83dx""#, 3), (#""\ud83d\n""#, 1), (#""\ud83d\u0041""#, 1), (#""\ude00""#, 1),
        (#""\ud83d\ud83d\ude00""#, 1), (#""\u12""#, 1),
    ])
    func `refuses a malformed escape, half of a surrogate pair among them`(text: String, offset: Int) {
        #expect(throws: JSON.ParseError.badEscape(at: offset)) { try JSON.parse(text) }
    }

    @Test(
        arguments: [
            ([0xFF], 1), ([0x61, 0x80], 2), ([0xC0, 0x80], 1), ([0xC3], 1), ([0xED, 0xA0, 0x80], 1),
            ([0xF4, 0x90, 0x80, 0x80], 1), ([0xC3, 0xA9, 0xF0, 0x9F, 0x98], 3), ([0x5C, 0x6E, 0xC3], 3),
            ([0xC3, 0x5C, 0x6E], 1), ([0x5C, 0x6E, 0x61, 0xFF, 0x5C, 0x6E], 4),
        ] as [([UInt8], Int)])
    func `refuses a string that is not UTF-8`(bytes: [UInt8], offset: Int) {
        let quoted = [0x22] + bytes + [0x22]
        #expect(throws: JSON.ParseError.notUTF8(at: offset)) { try JSON.parse(quoted) }
        #expect(throws: JSON.ParseError.notUTF8(at: offset + 1)) { try JSON.parse([0x7B] + quoted + Array(":1}".utf8)) }
    }

    @Test func `refuses a byte that is not ASCII outside of strings`() {
        #expect(throws: JSON.ParseError.unexpectedByte(at: 1)) { try JSON.parse([0x5B, 0xC3, 0xA9, 0x5D]) }
    }

    @Test(arguments: [("1 2", 2), ("{}x", 2), ("1a", 1), ("\"a\"\"b\"", 3), ("null,", 4), ("[]\u{0}", 2), ("0x10", 1)])
    func `refuses anything after the value`(text: String, offset: Int) {
        #expect(throws: JSON.ParseError.trailing(at: offset)) { try JSON.parse(text) }
    }

    @Test(arguments: [
        (#"{"a":1,"a":1}"#, "a", 7), (#"{"a":1,"b":2,"\u0061":3}"#, "a", 13), (#"[{"":1,"":2}]"#, "", 7),
    ])
    func `refuses a name that the object has already, however it is escaped`(text: String, name: String, offset: Int) {
        #expect(throws: JSON.ParseError.duplicateMember(name: name, at: offset)) { try JSON.parse(text) }
    }

    @Test(arguments: [2, 8, 9, 10, 50])
    func `refuses a repeated name in objects of any width`(width: Int) throws {
        let members = (0..<width).map { "\"m\($0)\":0" }
        #expect(try JSON.parse("{\(members.joined(separator: ","))}").members?.count == width)
        for name in ["m0", "m\(width - 1)"] {
            let text = "{\(members.joined(separator: ",")),\"\(name)\":1}"
            let offset = text.utf8.count - name.utf8.count - 5
            #expect(throws: JSON.ParseError.duplicateMember(name: name, at: offset)) { try JSON.parse(text) }
        }
    }

    @Test func `admits names that only Unicode calls the same, few or many`() throws {
        let filler = (0..<20).map { "\"m\($0)\":0," }.joined()
        for filler in ["", filler] {
            let object = try JSON.parse("{\(filler)\"\u{E9}\":1,\"e\u{301}\":2}")
            #expect(object["\u{E9}"] == 1)
            #expect(object["e\u{301}"] == 2)
        }
    }

    @Test func `cuts a long repeated name to 64 scalars, and shows it escaped`() {
        let name = String(repeating: "\\n", count: 100)
        let cut = String(repeating: "\n", count: 64)
        let error = JSON.ParseError.duplicateMember(name: cut, at: 206)
        #expect(throws: error) { try JSON.parse("{\"\(name)\":1,\"\(name)\":1}") }
        #expect(!error.message.contains("\n"))
    }

    @Test(arguments: [0, 1, 32, 256])
    func `refuses what is nested deeper than the limit`(depth: Int) throws {
        let limits = JSON.Limits(maximumDepth: depth)
        let error = JSON.ParseError.tooDeep(limit: depth)
        let deepest = String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        _ = try JSON.parse(deepest, limits: limits)
        #expect(throws: error) { try JSON.parse("[\(deepest)]", limits: limits) }
        #expect(throws: error) { try JSON.parse("{\"a\":\(deepest)}", limits: limits) }
        #expect(throws: error) { try JSON.parse(String(repeating: "[", count: 500_000), limits: limits) }
    }

    @Test func `keeps the limits in their range, 32 levels and 1 MiB unless told`() {
        #expect(JSON.Limits.default == JSON.Limits(maximumDepth: 32, maximumBytes: 1 << 20))
        #expect(JSON.Limits(maximumDepth: .max, maximumBytes: .min) == .init(maximumDepth: 256, maximumBytes: 0))
        #expect(JSON.Limits(maximumDepth: -1).maximumDepth == 0)
    }

    @Test func `refuses a text longer than the limit before reading any of it`() throws {
        let limits = JSON.Limits(maximumBytes: 4)
        #expect(try JSON.parse("1234", limits: limits) == 1234)
        #expect(throws: JSON.ParseError.tooLong(bytes: 5, limit: 4)) { try JSON.parse("x1234", limits: limits) }
        #expect(throws: JSON.ParseError.tooLong(bytes: 1_048_577, limit: 1_048_576)) {
            try JSON.parse([UInt8](repeating: 0x20, count: 1_048_577))
        }
    }

    @Test(arguments: [
        (JSON.ParseError.truncated, "json.truncated", "The JSON ends before its value does."),
        (.tooLong(bytes: 9, limit: 8), "json.too-long", "The JSON is 9 bytes long, but at most 8 are read."),
        (.unexpectedByte(at: 3), "json.unexpected-byte", "The JSON has an unexpected byte at offset 3."),
        (.badNumber(at: 3), "json.bad-number", "The JSON has a malformed number at offset 3."),
        (.badEscape(at: 3), "json.bad-escape", "The JSON has a malformed escape at offset 3."),
        (.notUTF8(at: 3), "json.not-utf8", "The JSON is not UTF-8 at offset 3."),
        (
            .duplicateMember(name: "a", at: 3), "json.duplicate-member",
            "The JSON repeats the member \"a\" at offset 3."
        ),
        (.tooDeep(limit: 32), "json.too-deep", "The JSON is nested deeper than 32 levels."),
        (.trailing(at: 3), "json.trailing", "The JSON is followed by something else at offset 3."),
    ])
    func `explains what it refuses`(error: JSON.ParseError, code: String, message: String) {
        #expect(error.code == code)
        #expect(error.message == message)
        #expect(error.description == message)
    }
}
