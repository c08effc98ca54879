// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Texts that are no contract")
struct SyntaxFaultTests {
    /// Program, and place and code of its fault.
    static let refusals: [(program: String, fault: String)] = [
        ("(a", "1:3 ExpectedClosing"),
        ("(a\n {b: 1", "2:7 ExpectedClosing"),
        ("{", "1:2 ExpectedClosing"),
        ("(a))", "1:4 UnexpectedToken"),
        ("}", "1:1 UnexpectedToken"),
        ("(a : b)", "1:4 UnexpectedToken"),
        ("{, a: 1}", "1:2 UnexpectedToken"),
        ("{a 1}", "1:4 TupleColonExpected"),
        ("{a: }", "1:5 TupleValueExpected"),
        ("{a: 1 b: 2}", "1:7 TupleCommaExpected"),
        ("(+ 1(+ 2 3))", "1:5 ExpectedWhitespace"),
        ("(a\"b\")", "1:3 InvalidCharIdent"),
        ("(b#c)", "1:3 InvalidCharIdent"),
        ("<a", "1:3 ExpectedClosing"),
        ("<a?>", "1:3 InvalidCharTraitIdent"),
        ("(+1 2)", "1:3 ExpectedSeparator"),
        ("#", "1:1 UnknownSymbol"),
        ("_a", "1:1 UnknownSymbol"),
        ("=", "1:1 UnknownSymbol"),
        ("12a", "1:3 InvalidCharInt"),
        ("u12a", "1:4 InvalidCharUint"),
        ("0x0G", "1:4 InvalidCharBuffer"),
        ("(a 0x123)", "1:4 InvalidBufferLength"),
        ("170141183460469231731687303715884105728", "1:1 FailedParsingIntValue"),
        ("u340282366920938463463374607431768211456", "1:1 FailedParsingUIntValue"),
        ("\"abc", "1:5 ExpectedClosing"),
        ("\"abc\ndef\"", "1:5 ExpectedClosing"),
        ("\"a\\x\"", "1:4 UnknownEscapeChar"),
        ("\"a\\u{41}\"", "1:4 UnknownEscapeChar"),
        ("\"a\\0\"", "1:1 IllegalASCIIString"),
        ("u\"\\u{110000}\"", "1:4 InvalidUTF8Encoding"),
        ("u\"\\u{d800}\"", "1:4 InvalidUTF8Encoding"),
        ("u\"\\u{}\"", "1:4 InvalidUTF8Encoding"),
        ("u\"\\u41\"", "1:4 InvalidUTF8Encoding"),
        ("u\"\\u{41\"", "1:4 InvalidUTF8Encoding"),
        ("\"é\"", "1:2 NonASCIIChar"),
        ("u\"é\"", "1:3 NonASCIIChar"),
        (";; é", "1:4 NonASCIIChar"),
        ("é", "1:1 NonASCIIChar"),
        ("(a)\r\n", "1:4 UnsupportedLineEnding"),
        (";; a\r\n", "1:5 UnsupportedLineEnding"),
        ("; a", "1:1 SingleSemiColon"),
        ("'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGN", "1:1 InvalidPrincipalLiteral"),
        ("'", "1:1 InvalidPrincipalLiteral"),
        ("'STu", "1:4 InvalidCharPrincipal"),
        ("'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.1a", "1:45 InvalidCharInt"),
        ("'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.a?", "1:44 IllegalContractName"),
        ("(a .)", "1:5 ExpectedContractIdentifier"),
        (".a.", "1:4 ExpectedTraitIdentifier"),
        (".\(String(repeating: "a", count: 41))", "1:2 ContractNameTooLong"),
        (String(repeating: "a", count: 129), "1:1 NameTooLong"),
        ("(define-trait a)", "1:1 DefineTraitBadSignature"),
        ("(define-trait 1 ())", "1:1 DefineTraitBadSignature"),
        ("1 (use-trait a .b)", "1:3 ImportTraitBadSignature"),
        ("(impl-trait a)", "1:1 ImplTraitBadSignature"),
        ("(define-trait a ())\n(define-trait a ())", "2:15 NameAlreadyUsed"),
        ("(define-public (f (x <t>)) (ok 1))", "1:22 TraitReferenceUnknown"),
        ("(+ 1 <t>)", "1:6 TraitReferenceUnknown"),
        ("(define-trait t ()) (define-map m {a: <t>} uint)", "1:39 TraitReferenceNotAllowed"),
        ("(define-private (f) (f))", "1:1 CircularReference"),
    ]

    @Test("Each is refused with the place and the name of what is wrong", arguments: refusals)
    func refuses(program: String, fault: String) throws {
        var contracts = CheckedContracts()
        #expect(try contracts.outcome(program) == fault)
    }

    @Test("Every message is a sentence of its own, and the description has place, code and message")
    func messages() throws {
        var messages: Set<String> = []
        for (program, _) in Self.refusals {
            let fault = try #require(
                throws: SyntaxFault.self,
                performing: { try ContractSyntax(program, of: CheckingVectors.contract(), in: .clarity4) })
            #expect(fault.message.hasSuffix("."))
            #expect(fault.description == "\(fault.span): \(fault.code): \(fault.message)")
            messages.insert(fault.code)
        }
        #expect(messages.count == 36)
    }

    @Test("Lists and tuples may be nested 68 deep, and no deeper, however deep it goes")
    func nesting() throws {
        func nested(_ count: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
        }
        #expect(try Parser.parse(nested(68, "(list ", ")")).count == 1)
        #expect(try Parser.parse(nested(34, "{a: ", "}")).count == 1)
        for source in [
            nested(69, "(list ", ")"), nested(35, "{a: ", "}"), nested(100_000, "(", ")"), nested(100_000, "{a:", "}"),
            String(repeating: "(", count: 1_000_000),
        ] {
            let fault = #expect(throws: SyntaxFault.self) { try Parser.parse(source) }
            #expect(fault?.code == "ExpressionStackDepthTooDeep")
        }
    }

    @Test("A text of more than a mebibyte is refused unread")
    func length() throws {
        #expect(try Parser.parse(String(repeating: " ", count: 1_048_576)).isEmpty)
        let fault = #expect(throws: SyntaxFault.self) { try Parser.parse(String(repeating: " ", count: 1_048_577)) }
        #expect(fault?.code == "SourceTooLong")
    }
}
