// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingGun
import FarthingPrimitives
import Testing

@Suite("JSON as JavaScript has it")
struct JavaScriptJSONTests {
    @Test(
        "Numbers are written in the shortest form of ECMAScript",
        arguments: [
            (1_795_225_994_662, "1795225994662"), (1795225994662.001, "1795225994662.001"), (0.1, "0.1"), (-0.0, "0"),
            (1e20, "100000000000000000000"), (123_456_789_012_345_683_968, "123456789012345680000"),
            (1e21, "1e+21"), (1.5e300, "1.5e+300"), (0.000001, "0.000001"), (1e-7, "1e-7"), (1.5e-10, "1.5e-10"),
            (.greatestFiniteMagnitude, "1.7976931348623157e+308"), (-12.5, "-12.5"),
            (9_007_199_254_740_992, "9007199254740992"), (100, "100"), (4294967296.5, "4294967296.5"),
            // The lowest whole number has no positive one beside it.
            (-9_223_372_036_854_775_808, "-9223372036854776000"),
        ] as [(Double, String)])
    func number(value: Double, text: String) {
        #expect(ECMAScriptNumber.text(value) == text)
        #expect(JavaScriptJSON.text(JavaScriptJSON.number(value)) == text)
    }

    @Test("Every double reads back as it was")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let value = Double(bitPattern: random.next())
            guard value.isFinite else { continue }
            #expect(Double(ECMAScriptNumber.text(value)) == value)
        }
    }

    @Test(
        "A text is written as JSON.stringify writes what JSON.parse read",
        arguments: [
            (#"{ "b" : 1.0, "a" : [ ] }"#, #"{"b":1,"a":[]}"#),
            (
                #"{"b":1,"10":2,"9":3,"01":4,"4294967295":5,"-1":6}"#,
                #"{"9":3,"10":2,"b":1,"01":4,"4294967295":5,"-1":6}"#
            ),
            (
                #""\u002f\u007f\u00e9\u2603\b\f\n\r\t\"\\\u0001\u001F""#,
                "\"/\u{7F}é☃\\b\\f\\n\\r\\t\\\"\\\\\\u0001\\u001f\""
            ),
            (#""\uD83D\uDE00""#, "\"😀\""),
            (#""a\uD83Db""#, #""a\ud83db""#),
            (#"["\udc00\ud800"]"#, #"["\udc00\ud800"]"#),
            (#""\\ud83d""#, #""\\ud83d""#),
            ("1e400", "null"),
            ("[1e3,0.10,-0]", "[1000,0.1,0]"),
        ])
    func stringify(read: String, written: String) throws {
        #expect(JavaScriptJSON.text(try JavaScriptJSON.parse(Array(read.utf8))) == written)
    }

    @Test("Sorted members come by UTF-16, after those that are whole numbers")
    func sorted() throws {
        let json = try JavaScriptJSON.parse(Array(#"{"b":1,"é":{"z":1,"_":2},"11":1,"!":1,"2":0,"😀":1,"￿":1}"#.utf8))
        #expect(
            JavaScriptJSON.text(json, order: .sorted)
                == #"{"2":0,"11":1,"!":1,"b":1,"é":{"_":2,"z":1},"😀":1,"￿":1}"#)
    }

    @Test(
        "What could be taken for half of a surrogate pair is refused",
        arguments: ["\"\u{10D800}\"", "\"\u{10DFFF}\"", #""\udbf6\udc00""#, #""\udbf7\udfff""#])
    func standIns(text: String) {
        #expect(throws: JSON.ParseError.self) { try JavaScriptJSON.parse(Array(text.utf8)) }
    }

    @Test("Its neighbours are taken", arguments: ["\"\u{10D7FF}\"", "\"\u{10E000}\"", "\"\u{100000}\""])
    func neighbours(text: String) throws {
        #expect(JavaScriptJSON.text(try JavaScriptJSON.parse(Array(text.utf8))) == text)
    }

    @Test(
        "What is no JSON is refused", arguments: ["", "{", "{\"a\":1,\"a\":2}", "[1,]", "01", "\"\\ud8\"", "\u{FEFF}1"])
    func refused(text: String) {
        #expect(throws: JSON.ParseError.self) { try JavaScriptJSON.parse(Array(text.utf8)) }
    }

    @Test("A text that is too long is refused before it is read")
    func tooLong() {
        let limits = JSON.Limits(maximumBytes: 8)
        #expect(throws: JSON.ParseError.tooLong(bytes: 9, limit: 8)) {
            try JavaScriptJSON.parse([UInt8](repeating: 0x22, count: 9), limits: limits)
        }
        #expect(throws: JSON.ParseError.tooLong(bytes: 9, limit: 8)) {
            try JavaScriptJSON.parse(nested: "[1,2,3,4]", limits: limits)
        }
    }
}
