// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("A JSON value")
struct JSONTests {
    static let offer: JSON = [
        "scheme": "exact", "amount": "2500", "maxTimeoutSeconds": 60, "extra": ["name": "USDC", "version": "2"],
    ]

    @Test func `answers nil for a member that is not there and for what is not an object`() {
        #expect(Self.offer["amount"] == "2500")
        #expect(Self.offer["price"] == nil)
        #expect(JSON.array(["amount"])["amount"] == nil)
        #expect(JSON.null["amount"] == nil)
        #expect(JSON.object(["payer": .null])["payer"] == .some(.null))
    }

    @Test func `gives each kind of value only as what it is`() {
        let values: [JSON] = [.null, true, 7, "seven", [7], ["seven": 7]]
        #expect(values.map(\.boolValue) == [nil, true, nil, nil, nil, nil])
        #expect(values.map(\.integerValue) == [nil, nil, 7, nil, nil, nil])
        #expect(values.map(\.stringValue) == [nil, nil, nil, "seven", nil, nil])
        #expect(values.map(\.arrayValue) == [nil, nil, nil, nil, [7], nil])
        #expect(values.map(\.members) == [nil, nil, nil, nil, nil, [JSON.Member(name: "seven", value: 7)]])
    }

    // MARK: Numbers

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("900", 900), ("-9223372036854775808", Int64.min), ("9223372036854775807", Int64.max),
    ])
    func `reads a whole number as an integer`(text: String, integer: Int64) throws {
        #expect(try JSON.parse(text).integerValue == integer)
    }

    @Test(arguments: ["1.50", "1.0", "1e2", "9223372036854775808", "-9223372036854775809"])
    func `keeps the text of a number that is no integer, and rounds nothing`(text: String) throws {
        let number = try JSON.parse(text)
        #expect(number.integerValue == nil)
        #expect(number.text == text)
    }

    @Test(arguments: ["", " 1", "1 ", "01", "+1", "1.", ".5", "0x10", "NaN", "true", "1\n", "1,2"])
    func `makes no number of a text that is not exactly one`(text: String) {
        #expect(JSON.Number(text: text) == nil)
    }

    @Test func `makes a number of a text and of every width of integer`() {
        #expect(JSON.Number(text: "1.50")?.text == "1.50")
        #expect(JSON.Number(UInt128.max).text == "340282366920938463463374607431768211455")
        #expect(JSON.integer(Int8.min) == -128)
    }

    // MARK: Equality

    @Test(arguments: [
        (#"{"a":1,"b":{"c":2,"d":3}}"#, #"{"b":{"d":3,"c":2},"a":1}"#), ("0", "-0"), (#""\u0041""#, #""A""#),
        ("[1, 2]", "[1,2]"), ("1.5", "1.5"),
    ])
    func `is equal, with the same hash, when JSON means the same`(left: String, right: String) throws {
        let (left, right) = (try JSON.parse(left), try JSON.parse(right))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
    }

    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":2}"#), (#"{"a":1}"#, #"{"a":1,"b":1}"#), (#"{"a":1}"#, #"{"b":1}"#), ("[1,2]", "[2,1]"),
        ("1.5", "1.50"), ("100", "1e2"), ("1", "\"1\""), ("null", "false"), ("[]", "{}"), ("0", "false"),
        ("\"\u{E9}\"", "\"e\u{301}\""), ("{\"\u{E9}\":1}", "{\"e\u{301}\":1}"), ("{\"K\":1}", "{\"\u{212A}\":1}"),
    ])
    func `differs when JSON means another thing, whatever Unicode calls equivalent`(left: String, right: String) throws
    {
        #expect(try JSON.parse(left) != JSON.parse(right))
        #expect(try JSON.parse(right) != JSON.parse(left))
    }

    @Test func `compares hand-made objects that repeat a name without favouring a side`() {
        let twice = JSON.object([JSON.Member(name: "a", value: 1), JSON.Member(name: "a", value: 2)])
        let other = JSON.object([JSON.Member(name: "a", value: 1), JSON.Member(name: "b", value: 2)])
        #expect(twice == twice)
        #expect(twice != other)
        #expect(other != twice)
        #expect(twice["a"] == 1)
    }

    // MARK: Containing

    @Test func `contains a part of its members, however deep and in whatever order`() {
        #expect(Self.offer.contains(Self.offer))
        #expect(Self.offer.contains(["extra": ["version": "2"], "scheme": "exact"]))
        #expect(Self.offer.contains([:]))
    }

    @Test func `does not contain another value, a missing member, or a part of an array`() {
        #expect(!Self.offer.contains(["amount": "2501"]))
        #expect(!Self.offer.contains(["payTo": .null]))
        #expect(!Self.offer.contains(["extra": ["name": "USDC", "decimals": 6]]))
        #expect(!Self.offer.contains("exact"))
        #expect(!JSON.array([1, 2]).contains([1]))
        #expect(!JSON.array([["a": 1, "b": 2]]).contains([["a": 1]]))
        #expect(!JSON.null.contains([:]))
    }

    @Test func `contains a part of a wide object just as well`() {
        let wide = JSON.object((0..<100).map { JSON.Member(name: "m\($0)", value: ["n": .integer($0), "more": true]) })
        #expect(wide.contains(["m99": ["n": 99], "m3": ["more": true]]))
        #expect(!wide.contains(["m99": ["n": 98]]))
        #expect(!wide.contains(["m100": [:]]))
    }

    // MARK: Building

    @Test func `is built of literals, in their order`() {
        let built: JSON = ["z": "text", "a": [1, true, .null], "m": "n is \(3)", "empty": [:]]
        #expect(built.text == #"{"z":"text","a":[1,true,null],"m":"n is 3","empty":{}}"#)
    }

    @Test func `leaves out members that are nil, and keeps those that are null`() {
        let payer: String? = nil
        let object = JSON.object(["success": true, "payer": payer.map(JSON.string), "error": .null])
        #expect(object.text == #"{"success":true,"error":null}"#)
    }

    @Test func `keeps the later value of a name written twice in code`() {
        let name = "a"
        #expect(JSON(dictionaryLiteral: (name, 1), ("b", 2), (name, 3)).text == #"{"a":3,"b":2}"#)
        #expect(JSON.object([name: 1, "b": 2, name: 3]).text == #"{"a":3,"b":2}"#)
    }

    @Test func `adds a member at the end, or puts its value in place`() {
        let object: JSON = ["a": 1, "b": 2]
        #expect(object.adding("c", 3).text == #"{"a":1,"b":2,"c":3}"#)
        #expect(object.adding("a", "one").text == #"{"a":"one","b":2}"#)
        #expect(JSON.array([1]).adding("a", 1) == [1])
    }

    // MARK: Text

    @Test func `escapes only the quote, the backslash and control characters`() {
        let text: JSON = "\"\\/\u{0}\u{8}\t\n\u{B}\u{C}\r\u{1F} \u{7F}é\u{2028}😀"
        #expect(text.text == #""\"\\/\u0000\b\t\n\u000b\f\r\u001f "# + "\u{7F}é\u{2028}😀\"")
        #expect(text.bytes == Array(text.text.utf8))
        #expect("\(JSON.object(["a\"": 1]))" == #"{"a\"":1}"#)
    }

    @Test func `is laid out for people with two spaces a level`() {
        let value: JSON = ["a": [1, ["b": .null]], "none": [], "empty": [:]]
        let expected = """
            {
              "a": [
                1,
                {
                  "b": null
                }
              ],
              "none": [],
              "empty": {}
            }
            """
        #expect(value.prettyText() == expected)
        #expect(JSON.bool(false).prettyText() == "false")
    }
}
