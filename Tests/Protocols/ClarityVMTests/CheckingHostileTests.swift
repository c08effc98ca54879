// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Contracts that are made to be hard to check")
struct CheckingHostileTests {
    @Test("Types that double with each step end in a typed fault")
    func doubling() throws {
        let responses = (1...60).map { "(r\($0) (if true (ok r\($0 - 1)) (err r\($0 - 1))))" }.joined(separator: " ")
        #expect(
            try CheckingVectors.outcome(of: "(let ((r0 (ok 1)) \(responses)) true)", in: .clarity4)
                == "! CostBalanceExceeded")
        let tuples = (1...60).map { "(t\($0) {a: t\($0 - 1), b: t\($0 - 1)})" }.joined(separator: " ")
        #expect(
            try CheckingVectors.outcome(of: "(let ((t0 1) \(tuples)) true)", in: .clarity4) == "! BadTupleConstruction")
    }

    @Test("Types that are chained too deep end in a typed fault")
    func chained() throws {
        for (step, code) in [
            ("(some t\u{7f})", "TypeSignatureTooDeep"), ("(ok t\u{7f})", "TypeSignatureTooDeep"),
            ("(list t\u{7f})", "TypeSignatureTooDeep"), ("{a: t\u{7f}}", "BadTupleConstruction"),
        ] {
            let bindings = (1...200).map { "(t\($0) \(step.replacing("\u{7f}", with: "\($0 - 1)")))" }.joined(
                separator: " ")
            #expect(
                try CheckingVectors.outcome(of: "(let ((t0 1) \(bindings)) true)", in: .clarity4) == "! \(code)")
        }
    }

    @Test("Large types that are looked at over and over use up the work that one contract may be")
    func work() throws {
        let fields = (0..<3_000).map { "f\($0): 1" }.joined(separator: ", ")
        let uses = String(repeating: "(is-eq t t) ", count: 100)
        let program = "(define-constant t {\(fields)}) (begin \(uses) true)"
        let syntax = try ContractSyntax(program, of: CheckingVectors.contract(), in: .clarity4)
        #expect(try ContractCheck.run(syntax) { _ in nil }.lastType == .bool)
        let fault = #expect(throws: CheckFault.self) {
            try ContractCheck.run(syntax, workLimit: 500_000) { _ in nil }
        }
        #expect(fault?.reason == .costBalanceExceeded)
    }

    @Test("A list of hundreds of contracts is checked, and lists of thousands are too much work")
    func contracts() throws {
        func list(_ count: Int) -> String { "(list \((0..<count).map { ".c\($0)" }.joined(separator: " ")))" }
        #expect(try CheckingVectors.outcome(of: list(500), in: .clarity4) == "(list 500 principal)")
        let lists = String(repeating: list(2_000), count: 4)
        #expect(try CheckingVectors.outcome(of: lists, in: .clarity4) == "! CostBalanceExceeded")
    }

    @Test("Scopes with thousands of names, opened thousands of times, are checked without hanging")
    func scopes() throws {
        let bindings = (0..<5_000).map { "(v\($0) 1)" }.joined(separator: " ")
        let lets = String(repeating: "(let ((a 1)) a) ", count: 5_000)
        #expect(try CheckingVectors.outcome(of: "(let (\(bindings)) \(lets))", in: .clarity4) == "int")
    }

    @Test("Traits that ask for traits that ask for traits are followed only so far")
    func traits() throws {
        func chain(_ letter: String) -> String {
            (1...500).map { "(define-trait \(letter)\($0) ((f (<\(letter)\($0 - 1)>) (response bool bool))))" }.joined(
                separator: " ")
        }
        let program = """
            (define-trait a0 ((f (uint) (response bool bool)))) (define-trait b0 ((f (uint) (response bool bool))))
            \(chain("a")) \(chain("b"))
            (define-private (g (x <a500>)) true)
            (define-private (h (x <b500>)) (g x))
            """
        #expect(try CheckingVectors.outcome(of: program, in: .clarity4) == "! IncompatibleTrait.TraitIdentifier")
        func fork(_ letter: String) -> String {
            (1...30).map { level in
                let below = "<\(letter)\(level - 1)>"
                return "(define-trait \(letter)\(level) ((f (\(below) \(below)) (response bool bool))))"
            }.joined(separator: " ")
        }
        let doubled = """
            (define-trait a0 ((f (uint) (response bool bool)))) (define-trait b0 ((f (uint) (response bool bool))))
            \(fork("a")) \(fork("b"))
            (define-private (g (x <a30>)) true)
            (define-private (h (x <b30>)) (g x))
            """
        #expect(try CheckingVectors.outcome(of: doubled, in: .clarity4) == "-")
    }
}
