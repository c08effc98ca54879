// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Contracts that mean harm, or never end")
struct HostileRunTests {
    @Test("Applications nest 64 deep and no deeper, arguments and functions counted together")
    func nesting() throws {
        let chain = try TestChain()
        func nested(_ depth: Int) -> String {
            String(repeating: "(+ u1 ", count: depth) + "(len (list u1))" + String(repeating: ")", count: depth)
        }
        func run(_ name: String, _ source: String) throws -> String {
            let receipt = try chain.simnet.deploy(
                name: name, source: source, version: .clarity3, from: chain.alice
            ).receipt
            return receipt.fault?.code ?? receipt.result?.description ?? "-"
        }
        #expect(try run("a", nested(62)) == "u63")
        #expect(
            try run(
                "b",
                "(define-private (f) \(nested(30))) (define-private (g) \(nested(30).replacing("(len (list u1))", with: "(f)"))) (g)"
            ) == "u61")
        let tooDeep =
            "(define-private (f) \(nested(31))) (define-private (g) \(nested(31).replacing("(len (list u1))", with: "(f)"))) (g)"
        #expect(try run("c", tooDeep) == "Vm.Runtime.MaxStackDepthReached")
    }

    @Test("A chain of contracts that call each other ends with the machine's error, not with the program's stack")
    func calls() throws {
        let chain = try TestChain()
        var contract = try chain.deploy("c0", "(define-public (f) (ok u0))")
        var answers: [String] = []
        for number in 1...70 {
            contract = try chain.deploy("c\(number)", "(define-public (f) (contract-call? .c\(number - 1) f))")
            answers.append(try chain.answer(contract, "f"))
        }
        #expect(answers.prefix(31).allSatisfy { $0 == "(ok u0)" })
        #expect(answers[40...].allSatisfy { $0 == "Vm.Runtime.MaxStackDepthReached" })
    }

    @Test("A contract that comes back to a function that is running is refused")
    func reentry() throws {
        let chain = try TestChain()
        try chain.deploy("t", "(define-trait back ((again (principal) (response bool uint))))")
        try chain.deploy("harmless", "(define-public (again (p principal)) (ok true))")
        let first = try chain.deploy(
            "first",
            """
            (use-trait back .t.back)
            (define-public (start (other <back>)) (contract-call? other again tx-sender))
            (define-public (again (p principal)) (ok true))
            """)
        let second = try chain.deploy(
            "second",
            """
            (define-public (again (p principal)) (contract-call? .first start .harmless))
            """)
        #expect(
            try chain.answer(first, "start", .principal(.contract(second)))
                == "Vm.RuntimeCheck.CircularReference")
    }

    @Test("A contract that works too long runs out of its limit, and what it did is taken back")
    func cost() throws {
        let chain = try TestChain(costLimit: 20_000)
        let ones = "(list " + String(repeating: "u1 ", count: 20) + ")"
        let contract = try chain.deploy(
            """
            (define-data-var n uint u0)
            (define-private (a (x uint)) (begin (var-set n (+ (var-get n) x)) (fold b \(ones) u0)))
            (define-private (b (x uint) (y uint)) (fold c \(ones) u0))
            (define-private (c (x uint) (y uint)) (fold + \(ones) u0))
            (define-public (run) (ok (map a \(ones))))
            """)
        let receipt = try chain.call(contract, "run")
        #expect(receipt.fault?.code == "Vm.RuntimeCheck.CostBalanceExceeded")
        #expect(receipt.cost <= 20_000)
        #expect(try chain.look("(var-get n)", in: contract) == "u0")
    }

    @Test("Doubling a buffer again and again costs what it copies")
    func doubling() throws {
        let chain = try TestChain(costLimit: 10_000)
        var source = "(define-public (f) (let ((b0 0x00000000000000000000000000000000)"
        for level in 1...15 { source += " (b\(level) (concat b\(level - 1) b\(level - 1)))" }
        let contract = try chain.deploy(source + ") (ok (len b15))))")
        #expect(try chain.answer(contract, "f") == "Vm.RuntimeCheck.CostBalanceExceeded")
    }

    @Test("A read-only function cannot write through anything")
    func writing() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-data-var n uint u0) (define-public (p) (ok (var-set n u1)))")
        #expect(throws: SimnetFault.self) {
            try chain.simnet.readOnly(contract, try #require(ClarityName("p")))
        }
        #expect(throws: SimnetFault.self) {
            try chain.deploy("r", "(define-read-only (f) (contract-call? .c p))")
        }
    }

    @Test(
        "A value of another type than the parameter's is refused, whatever is in it",
        arguments: [
            ClarityValue.int(5), .uint(5), .list([.uint(1), .bool(true)]), .list([]), .none, .buffer([1, 2, 3]),
            .some(.buffer([1, 2, 3])), .some(.ascii([1])),
        ])
    func arguments(value: ClarityValue) throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-public (f (x (optional (buff 2)))) (ok x))")
        let answer = try chain.answer(contract, "f", value)
        #expect(answer == (value == .none ? "(ok none)" : "Vm.RuntimeCheck.TypeValueError"))
    }

    @Test("A tuple's fields and a list's entries are checked too")
    func insides() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-public (f (x {a: (list 2 uint)})) (ok (get a x)))")
        let name = try #require(ClarityName("a"))
        func answer(_ list: [ClarityValue]) throws -> String {
            let tuple = try #require(ClarityTuple([(name, .list(list))]))
            return try chain.answer(contract, "f", .tuple(tuple))
        }
        #expect(try answer([.uint(1), .uint(2)]) == "(ok (u1 u2))")
        #expect(try answer([.uint(1), .int(2)]) == "Vm.RuntimeCheck.TypeValueError")
        #expect(try answer([.uint(1), .uint(2), .uint(3)]) == "Vm.RuntimeCheck.TypeValueError")
    }
}
