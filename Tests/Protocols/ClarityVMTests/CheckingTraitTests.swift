// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Traits, and calls of other contracts")
struct CheckingTraitTests {
    /// A trait, a contract that fulfils it, one that does not, and one with a wider trait.
    private func contracts() throws -> CheckedContracts {
        var contracts = CheckedContracts()
        try contracts.deploy("(define-trait payer ((pay (uint) (response bool uint))))", as: "traits")
        try contracts.deploy(
            """
            (define-trait payer-and-more
                ((pay (uint) (response bool uint)) (get-name () (response (string-ascii 9) uint))))
            (define-trait other ((pay (int) (response bool uint))))
            """, as: "wider")
        try contracts.deploy(
            """
            (impl-trait .traits.payer)
            (define-public (pay (amount uint)) (if (> amount u1) (ok true) (err amount)))
            (define-read-only (get-name) (ok "coin"))
            (define-private (hidden) (ok 1))
            (define-public (nothing) (ok none))
            """, as: "good")
        try contracts.deploy("(define-public (pay (amount int)) (ok true))", as: "bad")
        return contracts
    }

    @Test(
        "A contract is called by name, with arguments that fit",
        arguments: [
            ("(contract-call? .good pay u1)", "(response bool uint)"),
            ("(contract-call? .good get-name)", "(response (string-ascii 4) UnknownType)"),
            ("(define-constant c .good) (contract-call? c pay u1)", "(response bool uint)"),
            ("(contract-call? .good pay 1)", "1:27 TypeError.UIntType"),
            ("(contract-call? .good pay)", "1:1 IncorrectArgumentCount.1"),
            ("(contract-call? .good hidden)", "1:1 NoSuchPublicFunction"),
            ("(contract-call? .none pay u1)", "1:1 NoSuchContract"),
            ("(contract-call? 1 pay u1)", "1:1 ContractCallExpectName"),
            ("(contract-call? .good 1)", "1:1 ContractCallExpectName"),
            ("(define-constant c u1) (contract-call? c pay u1)", "1:24 ExpectedCallableType.UIntType"),
            ("(let ((c .good)) (contract-call? c pay u1))", "1:18 TraitReferenceUnknown"),
        ])
    func calls(program: String, outcome: String) throws {
        var contracts = try contracts()
        #expect(try contracts.outcome(program) == outcome)
    }

    @Test(
        "A contract is called through a trait that is imported",
        arguments: [
            ("(define-public (f (p <payer>)) (contract-call? p pay u1))", "-"),
            ("(define-public (f (p <payer>)) (let ((q p)) (contract-call? q pay u1)))", "-"),
            ("(define-public (f (p (optional <payer>))) (match p q (contract-call? q pay u1) (ok true)))", "-"),
            ("(define-private (f (p <payer>)) (contract-of p))", "-"),
            ("(define-public (f (p <payer>)) (contract-call? p other u1))", "2:32 TraitMethodUnknown"),
            ("(define-public (f (p <payer>)) (contract-call? p pay 1))", "2:54 TypeError.UIntType"),
            ("(define-private (f (p uint)) (contract-of p))", "2:30 TraitReferenceUnknown"),
            ("(define-private (f) (contract-of 1))", "2:21 ContractOfExpectsTrait"),
            ("(define-read-only (f (p <payer>)) (contract-call? p pay u1))", "2:1 WriteAttemptedInReadOnly"),
            ("(+ 1 .traits.payer)", "2:6 UnexpectedTraitOrFieldReference"),
        ])
    func dynamic(program: String, outcome: String) throws {
        var contracts = try contracts()
        #expect(try contracts.outcome("(use-trait payer .traits.payer)\n\(program)") == outcome)
    }

    @Test(
        "Contracts and trait references fit where they have the methods that are asked for",
        arguments: [
            ("(f .good)", "bool"),
            ("(f .bad)", "5:4 BadTraitImplementation"),
            ("(f .none)", "5:4 NoSuchContract"),
            ("(f tx-sender)", "5:4 TypeError.CallableType.Trait"),
            ("(define-private (g (p <more>)) (f p))", "-"),
            ("(define-private (g (p <other>)) (f p))", "5:36 IncompatibleTrait.TraitIdentifier"),
            ("(many (list .good .good))", "bool"),
            ("(many (list .good .bad))", "5:7 BadTraitImplementation"),
            ("(many (list .good))", "bool"),
            ("(define-private (g (p <more>)) (many (list p p)))", "-"),
            ("(principals (list .good .bad))", "bool"),
        ])
    func compliance(program: String, outcome: String) throws {
        var contracts = try contracts()
        let setting = """
            (use-trait payer .traits.payer) (use-trait more .wider.payer-and-more) (use-trait other .wider.other)
            (define-private (f (p <payer>)) true)
            (define-private (many (p (list 3 <payer>))) true)
            (define-private (principals (p (list 3 principal))) true)

            """
        #expect(try contracts.outcome(setting + program) == outcome)
    }

    @Test(
        "A contract that promises a trait has all of its methods",
        arguments: [
            ("(define-public (pay (amount uint)) (ok true))", "-"),
            ("(define-read-only (pay (amount uint)) (ok true))", "-"),
            ("(define-public (pay (amount uint)) (err u1))", "-"),
            ("(define-public (pay (amount uint)) (ok 1))", " BadTraitImplementation"),
            ("(define-public (pay (amount int)) (ok true))", " BadTraitImplementation"),
            ("(define-public (pay) (ok true))", " BadTraitImplementation"),
            ("(define-private (pay (amount uint)) (ok true))", " BadTraitImplementation"),
            ("(define-public (paid (amount uint)) (ok true))", " BadTraitImplementation"),
        ])
    func promises(program: String, outcome: String) throws {
        var contracts = try contracts()
        #expect(try contracts.outcome("(impl-trait .traits.payer) \(program)") == outcome)
    }

    @Test("Traits that nobody defines are refused")
    func unknown() throws {
        var contracts = try contracts()
        #expect(try contracts.outcome("(use-trait t .traits.none)") == "1:1 TraitReferenceUnknown")
        #expect(try contracts.outcome("(use-trait t .none.payer)") == "1:1 NoSuchContract")
        #expect(try contracts.outcome("(impl-trait .traits.none)") == " TraitReferenceUnknown")
    }

    @Test("What only reads may call what only reads")
    func readOnly() throws {
        var contracts = try contracts()
        #expect(try contracts.outcome("(define-read-only (f) (contract-call? .good get-name))") == "-")
        #expect(
            try contracts.outcome("(define-read-only (f) (contract-call? .good pay u1))")
                == "1:1 WriteAttemptedInReadOnly")
    }
}
