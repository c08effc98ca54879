// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks
import Testing

@Suite("Names and tuples")
struct NamesAndTuplesTests {
    @Test("A name is a letter with letters, digits and signs behind, or an operator")
    func names() {
        for text in ["a", "A1", "a-b_c!?+<>=/*", "+", "-", "=", "/", "*", "<", ">", "<=", ">="] {
            #expect(ClarityName(text)?.text == text)
        }
        for text in ["", "1a", "-a", "a b", "a.b", "é", "==", "=<", "a\u{0}", String(repeating: "a", count: 129)] {
            #expect(ClarityName(text) == nil)
        }
    }

    @Test("A tuple is kept in byte order of its names, which do not repeat")
    func tuples() throws {
        let names = try ["b", "aa", "a1", "a-b", "Z"].map { try #require(ClarityName($0)) }
        let tuple = try #require(ClarityTuple(names.map { ($0, .none) }))
        #expect(tuple.names.map(\.text) == ["Z", "a-b", "a1", "aa", "b"])
        #expect(ClarityTuple([(names[0], .none), (names[0], .none)]) == nil)
        #expect(ClarityTuple(sorted: names, values: names.map { _ in .none }) == nil)
        #expect(tuple["aa"] == ClarityValue.none && tuple["c"] == nil)
    }

    @Test("Of two merged tuples the second wins")
    func merging() throws {
        let (a, b) = (try #require(ClarityName("a")), try #require(ClarityName("b")))
        let first = try #require(ClarityTuple([(a, .int(1)), (b, .int(2))]))
        let second = try #require(ClarityTuple([(b, .bool(true))]))
        #expect(ClarityValue.tuple(first.merging(second)).description == "(tuple (a 1) (b true))")
        #expect(first.merging(first) == first)
    }
}
