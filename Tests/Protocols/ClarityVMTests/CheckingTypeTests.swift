// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Types")
struct CheckingTypeTests {
    private func type(_ text: String) throws -> ClarityType {
        let expression = try #require(Parser.parse(text).first)
        return try TypeExpression(traits: [:]).read(expression)
    }

    @Test(
        "A type that is read and shown again is the same",
        arguments: [
            "int", "uint", "bool", "principal", "(buff 0)", "(buff 1048576)", "(string-ascii 5)",
            "(string-utf8 262144)",
            "(list 3 int)", "(optional (list 0 bool))", "(response uint (buff 1))",
            "(tuple (Z int) (a-b int) (a1 int) (aa int) (b (optional bool)))",
        ])
    func text(_ text: String) throws {
        #expect(try type(text).description == text)
    }

    @Test(
        "Shorter fits into longer, and a tuple needs the same fields",
        arguments: [
            ("(buff 3)", "(buff 2)", true), ("(buff 2)", "(buff 3)", false), ("(buff 2)", "(string-ascii 2)", false),
            ("(list 2 (buff 3))", "(list 1 (buff 1))", true), ("(list 2 int)", "(list 3 int)", false),
            ("(list 2 int)", "(list 2 uint)", false), ("(optional (buff 2))", "(optional (buff 1))", true),
            ("(response (buff 2) int)", "(response (buff 1) int)", true), ("int", "uint", false),
            ("{a: int, b: (buff 2)}", "{b: (buff 1), a: int}", true), ("{a: int}", "{a: int, b: int}", false),
            ("{a: int, b: int}", "{a: int}", false), ("{a: int}", "{b: int}", false),
        ])
    func admits(wanted: String, given: String, fits: Bool) throws {
        #expect(try type(wanted).admits(type(given)) == fits)
    }

    @Test("An unknown arm fits any, and nothing fits an unknown type")
    func unknown() throws {
        let wanted = try type("(response int bool)")
        #expect(try wanted.admits(.response(ok: .int, err: .noType)))
        #expect(try wanted.admits(.response(ok: .noType, err: .bool)))
        #expect(try !wanted.admits(.response(ok: .noType, err: .int)))
        #expect(try type("(optional int)").admits(.optional(.none)))
        #expect(try type("(list 2 int)").admits(.list(.empty)))
        #expect(throws: CheckReason.couldNotDetermineType) { try ClarityType.noType.admits(.int) }
    }

    @Test(
        "The least supertype has the longer lengths",
        arguments: [
            ("(buff 3)", "(buff 2)", "(buff 3)"), ("(list 2 (buff 3))", "(list 3 (buff 1))", "(list 3 (buff 3))"),
            ("{a: (buff 1)}", "{a: (buff 2)}", "(tuple (a (buff 2)))"), ("int", "int", "int"),
            ("(string-utf8 1)", "(string-utf8 4)", "(string-utf8 4)"),
            ("(optional (string-ascii 1))", "(optional (string-ascii 4))", "(optional (string-ascii 4))"),
        ])
    func supertype(left: String, right: String, both: String) throws {
        #expect(try ClarityType.leastSupertype(type(left), type(right)).description == both)
    }

    @Test("Types that have nothing in common have no supertype")
    func noSupertype() throws {
        for (left, right) in [("int", "uint"), ("(buff 1)", "(string-ascii 1)"), ("{a: int}", "{b: int}")] {
            let (left, right) = (try type(left), try type(right))
            #expect(throws: CheckReason.typeError(expected: left, found: right)) {
                try ClarityType.leastSupertype(left, right)
            }
        }
    }

    @Test("No type holds values of more than a mebibyte")
    func size() throws {
        #expect(try type("(buff 1048576)").size == 1_048_580)
        #expect(try type("(list 10 uint)").size == 166)
        #expect(try type("{a: uint}").size == 2 + 1 + 16 + 2 + 1 + 1)
        #expect(throws: CheckReason.valueTooLarge) { try ClarityType.buffer(checked: 1_048_577) }
        #expect(throws: CheckReason.valueTooLarge) { try ClarityType.utf8(checked: 262_145) }
        #expect(throws: CheckReason.valueOutOfBounds) { try ClarityType.ascii(checked: -1) }
        #expect(throws: CheckReason.valueTooLarge) { try ClarityType.list(of: .uint, maximumLength: 65_536) }
        #expect(throws: CheckReason.valueTooLarge) { try ClarityType.list(of: .uint, maximumLength: .max) }
        #expect(throws: CheckReason.valueTooLarge) { try ClarityType.optional(of: .buffer(1_048_576)) }
    }

    @Test("No type is nested more than 32 deep")
    func depth() throws {
        var type = ClarityType.int
        for _ in 1..<32 { type = try .optional(of: type) }
        #expect(throws: CheckReason.typeSignatureTooDeep) { try ClarityType.optional(of: type) }
        #expect(throws: CheckReason.typeSignatureTooDeep) { try ClarityType.list(of: type, maximumLength: 1) }
        #expect(throws: CheckReason.typeSignatureTooDeep) { try ClarityType.response(ok: type, err: .int) }
    }

    @Test("A value has the narrowest type, and a mixed list none")
    func values() throws {
        #expect(try ClarityType(of: .list([.buffer([1]), .buffer([1, 2])])).description == "(list 2 (buff 2))")
        #expect(try ClarityType(of: .list([])).description == "(list 0 UnknownType)")
        #expect(try ClarityType(of: .ok(.none)).description == "(response (optional UnknownType) UnknownType)")
        #expect(try ClarityType(of: .utf8(["a"])) == .utf8(1))
        #expect(throws: CheckReason.typeError(expected: .int, found: .uint)) {
            try ClarityType(of: .list([.int(1), .uint(1)]))
        }
        var value = ClarityValue.none
        for _ in 0..<40 { value = .some(value) }
        #expect(throws: CheckReason.typeSignatureTooDeep) { try ClarityType(of: value) }
    }
}
