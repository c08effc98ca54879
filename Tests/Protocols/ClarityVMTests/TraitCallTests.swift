// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Calls through traits")
struct TraitCallTests {
    static let user = """
        (use-trait counting .t.counting)
        (define-public (go (c <counting>)) (contract-call? c count u2))
        (define-public (maybe (c (optional <counting>))) (match c x (contract-call? x count u3) (ok u0)))
        (define-public (name (c <counting>)) (ok (contract-of c)))
        """

    func chain() throws -> (TestChain, ContractIdentifier) {
        let chain = try TestChain()
        try chain.deploy("t", "(define-trait counting ((count (uint) (response uint uint))))")
        return (chain, try chain.deploy("user", Self.user))
    }

    func contract(_ name: String, _ chain: TestChain) throws -> ClarityValue {
        let name = try #require(ClarityName(name))
        return .principal(try #require(ContractIdentifier(issuer: chain.alice, name: name)))
    }

    @Test("A contract that complies is called, with or without a promise")
    func complies() throws {
        let (chain, user) = try chain()
        try chain.deploy("plain", "(define-public (count (n uint)) (ok (+ n u1)))")
        try chain.deploy("promised", "(impl-trait .t.counting) (define-public (count (n uint)) (ok (* n n)))")
        #expect(try chain.answer(user, "go", contract("plain", chain)) == "(ok u3)")
        #expect(try chain.answer(user, "go", contract("promised", chain)) == "(ok u4)")
        #expect(try chain.answer(user, "maybe", .some(contract("plain", chain))) == "(ok u4)")
        #expect(try chain.answer(user, "maybe", .none) == "(ok u0)")
        #expect(try chain.answer(user, "name", contract("plain", chain)) == "(ok \(chain.alice).plain)")
    }

    @Test(
        "A contract that does not comply is refused when it is called",
        arguments: [
            ("(define-public (other) (ok u1))", "Vm.RuntimeCheck.BadTraitImplementation"),
            ("(define-public (count (n int)) (ok u1))", "Vm.RuntimeCheck.BadTraitImplementation"),
            ("(define-public (count) (ok u1))", "Vm.RuntimeCheck.BadTraitImplementation"),
            ("(define-public (count (n uint)) (ok true))", "Vm.RuntimeCheck.ReturnTypesMustMatch"),
            ("(define-private (count (n uint)) (ok u1))", "Vm.RuntimeCheck.NoSuchPublicFunction"),
        ])
    func refuses(source: String, code: String) throws {
        let (chain, user) = try chain()
        try chain.deploy("bad", source)
        #expect(try chain.answer(user, "go", contract("bad", chain)) == code)
    }

    @Test("A contract that does not exist, an account, and the caller itself are refused")
    func others() throws {
        let (chain, user) = try chain()
        #expect(try chain.answer(user, "go", contract("missing", chain)) == "Vm.RuntimeCheck.NoSuchContract")
        #expect(try chain.answer(user, "go", contract("user", chain)) == "Vm.RuntimeCheck.CircularReference")
        #expect(
            try chain.answer(user, "go", .principal(.standard(chain.alice))) == "Vm.RuntimeCheck.TypeValueError")
    }
}
