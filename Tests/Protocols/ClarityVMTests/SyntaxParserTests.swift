// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("The text of a contract, read into expressions")
struct SyntaxParserTests {
    private func kinds(_ source: String, issuer: StandardPrincipal? = nil) throws -> [ExpressionKind] {
        try Parser.parse(source, issuer: issuer).map(\.kind)
    }

    private func only(_ source: String) throws -> ClarityValue {
        let expressions = try Parser.parse(source)
        #expect(expressions.count == 1)
        return try #require(expressions.first?.literal)
    }

    @Test("Numbers have 128 bits, and only int has a sign")
    func numbers() throws {
        #expect(try only("0") == .int(0))
        #expect(try only("-12") == .int(-12))
        #expect(try only("007") == .int(7))
        #expect(try only("-170141183460469231731687303715884105728") == .int(.min))
        #expect(try only("170141183460469231731687303715884105727") == .int(.max))
        #expect(try only("u340282366920938463463374607431768211455") == .uint(.max))
    }

    @Test("Buffers are hexadecimal, of any case and empty too")
    func buffers() throws {
        #expect(try only("0x") == .buffer([]))
        #expect(try only("0x00fFAb") == .buffer([0, 0xff, 0xab]))
    }

    @Test("Strings know their escapes, and UTF-8 strings any scalar")
    func strings() throws {
        #expect(try only(#""a\"\\\n\t\r;;z""#) == .ascii(Array("a\"\\\n\t\r;;z".utf8)))
        #expect(try only(#""""#) == .ascii([]))
        #expect(
            try only("u\"\\u{e9}\\u{1F600}\\u{0041}\"") == .utf8(["\u{e9}", "\u{1F600}", "A"]))
        #expect(try only(#"u"a\0""#) == .utf8(["a", "\0"]))
    }

    @Test("Principals are accounts and contracts, in full or of the deployer")
    func principals() throws {
        let text = "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM"
        let account = try StandardPrincipal(address: text)
        let name = try #require(ClarityName("a-contract"))
        let contract = try #require(ContractIdentifier(issuer: account, name: name))
        #expect(try only("'\(text)") == .principal(.standard(account)))
        #expect(try only("'\(text).a-contract") == .principal(.contract(contract)))
        #expect(try kinds(".a-contract") == [.sugaredContract(name)])
        #expect(try kinds(".a-contract", issuer: account) == [.literal(.principal(.contract(contract)))])
        let trait = try #require(ClarityName("payer"))
        let field = TraitIdentifier(contract: contract, name: trait)
        #expect(try kinds("'\(text).a-contract.payer") == [.field(field)])
        #expect(try kinds(".a-contract.payer") == [.sugaredField(contract: name, trait: trait)])
        #expect(try kinds(".a-contract.payer", issuer: account) == [.field(field)])
        #expect(field.description == "\(text).a-contract.payer")
    }

    @Test("Names may be operators, and <t> is a trait reference")
    func names() throws {
        for text in [
            "+", "-", "*", "/", "<", ">", "<=", ">=", "a", "is-eq", "unwrap!", "a1_b?", "u", "uint", "sha512/256",
        ] {
            #expect(try kinds(text) == [.atom(try #require(ClarityName(text)))])
        }
        #expect(try kinds("<my-trait>") == [.traitReference(try #require(ClarityName("my-trait")))])
    }

    @Test("A tuple literal becomes an application of tuple")
    func tuples() throws {
        let sugared = try Parser.parse("{a: 1, b:{c:u2,},}")
        let written = try Parser.parse("(tuple (a 1) (b (tuple (c u2))))")
        #expect(shape(sugared) == shape(written))
        #expect(shape(try Parser.parse("{}")) == shape(try Parser.parse("(tuple)")))
    }

    @Test("Comments and white space part words and mean nothing")
    func comments() throws {
        let source = ";; first\n(+ 1 ;; in between ( \" '\n  2)\t3;; last"
        #expect(shape(try Parser.parse(source)) == shape(try Parser.parse("(+ 1 2) 3")))
        #expect(try kinds(" \n ;; nothing").isEmpty)
        #expect(try kinds("").isEmpty)
    }

    @Test("Expressions know where they stand, and each has an id of its own")
    func places() throws {
        let parsed = try Parser.parse("(a\n  {b: \"c\"})")
        let outer = try #require(parsed.first)
        #expect(outer.span.start == SourceSpan.Position(line: 1, column: 1))
        #expect(outer.span.end == SourceSpan.Position(line: 2, column: 11))
        let tuple = try #require(outer.list?.last)
        #expect(tuple.span.description == "2:3")
        let value = try #require(tuple.list?.last?.list?.last)
        #expect(value.span.start == SourceSpan.Position(line: 2, column: 7))
        #expect(value.span.end == SourceSpan.Position(line: 2, column: 9))
        var ids: [Int] = []
        collect(parsed, into: &ids)
        #expect(Set(ids).count == ids.count)
        #expect(ids.count == 7)
    }

    private func collect(_ expressions: [Expression], into ids: inout [Int]) {
        for expression in expressions {
            ids.append(expression.id)
            collect(expression.list ?? [], into: &ids)
        }
    }

    /// The expressions without ids and places.
    private func shape(_ expressions: [Expression]) -> String {
        expressions.map { expression in
            expression.list.map { "(\(shape($0)))" } ?? "\(expression.kind)"
        }.joined(separator: " ")
    }
}
