// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("The order of definitions")
struct SyntaxSorterTests {
    private func names(_ program: String, in version: ClarityVersion = .clarity4) throws -> [String] {
        try ContractSyntax(program, of: CheckingVectors.contract(), in: version).expressions.map { expression in
            let second = expression.list.flatMap { $0.count > 1 ? $0[1] : nil }
            return second?.atom?.text ?? second?.list?.first?.atom?.text ?? "?"
        }
    }

    @Test("What is needed comes first, and the rest keeps its order")
    func order() throws {
        let program = """
            (define-private (c) (b))
            (define-constant x (a))
            (define-private (b) (+ (a) y))
            (define-private (a) 1)
            (define-constant y 2)
            """
        #expect(try names(program) == ["a", "y", "b", "c", "x"])
        #expect(try names("(define-data-var v uint (f)) (define-private (f) u1)") == ["f", "v"])
        #expect(try names("(define-fungible-token t (f)) (define-private (f) u1)") == ["f", "t"])
    }

    @Test("The names of fields, of functions of other contracts and of bindings need nothing")
    func names() throws {
        for body in [
            "{f: 1}", "(tuple (f 1))", "(get f {f: 1})", "(let ((f 1)) 2)", "(contract-call? .other f)",
        ] {
            #expect(try names("(define-private (f) \(body))") == ["f"])
        }
        #expect(try names("(define-private (g (f uint)) 1) (define-private (f) (g u1))") == ["g", "f"])
    }

    @Test("A trait is defined before what refers to it")
    func traits() throws {
        let program = """
            (define-public (f (x <b>)) (ok true))
            (define-trait b ((g (<a>) (response bool bool))))
            (define-trait a ())
            """
        #expect(try names(program) == ["a", "b", "f"])
    }

    @Test(
        "Recursion is found, straight or roundabout, wherever the call stands",
        arguments: [
            ("(define-private (f) (f))", ["f"]),
            ("(define-private (a) (b)) (define-private (b) (c)) (define-private (c) (a))", ["a", "b", "c"]),
            ("(define-private (d) (a)) (define-private (a) (b)) (define-private (b) (a))", ["a", "b"]),
            ("(define-private (f (x int)) (let ((y (f x))) 1))", ["f"]),
            ("(define-private (f (x int)) {a: (f x)})", ["f"]),
            ("(define-private (f (x int)) (get a (f x)))", ["f"]),
            ("(define-private (f (x int)) (contract-call? .a b (f x)))", ["f"]),
            ("(define-private (f (x int)) (map f (list x)))", ["f"]),
            ("(define-constant a b) (define-constant b a)", ["a", "b"]),
            (
                "(define-trait a ((f (<b>) (response bool bool)))) (define-trait b ((f (<a>) (response bool bool))))",
                ["a", "b"]
            ),
        ])
    func recursion(program: String, circle: [String]) throws {
        let fault = #expect(throws: SyntaxFault.self) {
            try ContractSyntax(program, of: CheckingVectors.contract(), in: .clarity4)
        }
        #expect(fault?.reason == .circularReference(circle))
    }

    @Test("A chain of five thousand definitions is sorted, forwards and backwards, and so is found to be a circle")
    func chain() throws {
        let definitions = (0..<5_000).map { "(define-constant c\($0 + 1) c\($0))" }
        let start = "(define-constant c0 1)"
        let forwards = ([start] + definitions).joined()
        let backwards = (definitions.reversed() + [start]).joined()
        for program in [forwards, backwards] {
            let order = try names(program)
            #expect(order.first == "c0")
            #expect(order.last == "c5000")
            #expect(try CheckingVectors.outcome(of: program + " c5000", in: .clarity4) == "int")
        }
        let circle = (definitions + ["(define-constant c0 c5000)"]).joined()
        let fault = #expect(throws: SyntaxFault.self) { try names(circle) }
        #expect(fault?.code == "CircularReference")
    }
}
