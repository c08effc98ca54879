// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("as-contract? and restrict-assets?")
struct AllowanceTests {
    static let source = """
        (define-fungible-token t)
        (define-non-fungible-token x uint)
        (define-data-var n uint u0)
        (define-public (fill) (begin
          (try! (stx-transfer? u500 tx-sender current-contract)) (try! (ft-mint? t u50 current-contract))
          (try! (nft-mint? x u1 current-contract)) (nft-mint? x u2 current-contract)))
        (define-public (pay (a uint) (limit uint) (to principal))
          (as-contract? ((with-stx limit)) (begin (var-set n a) (try! (stx-transfer? a tx-sender to)) u7)))
        (define-public (burn (a uint) (limit uint)) (as-contract? ((with-stx limit)) (try! (stx-burn? a tx-sender)) true))
        (define-public (bare (a uint) (to principal)) (as-contract? () (try! (stx-transfer? a tx-sender to)) true))
        (define-public (free (a uint) (to principal))
          (as-contract? ((with-all-assets-unsafe)) (try! (stx-transfer? a tx-sender to)) true))
        (define-public (coins (a uint) (to principal))
          (as-contract? ((with-stx u1) (with-ft current-contract "t" u5) (with-ft current-contract "*" u10))
            (try! (ft-transfer? t a tx-sender to)) true))
        (define-public (badge (id uint) (to principal))
          (as-contract? ((with-nft current-contract "x" (list u1))) (try! (nft-transfer? x id tx-sender to)) true))
        (define-public (loses) (as-contract? () (unwrap-panic (stx-transfer? u1 tx-sender 'ST1SJ3DTE5DN7X54YDH5D64R3BCB6A2AG2ZQ8YPD5)) (/ u1 u0)))
        (define-public (guard (a uint) (limit uint) (to principal))
          (restrict-assets? tx-sender ((with-stx limit)) (try! (stx-transfer? a tx-sender to)) (var-set n u9) true))
        """

    func chain() throws -> (TestChain, ContractIdentifier) {
        let chain = try TestChain()
        let contract = try chain.deploy("c", Self.source, .clarity4)
        try #require(try chain.answer(contract, "fill") == "(ok true)")
        return (chain, contract)
    }

    @Test("What stays within an allowance holds; what does not is taken back and told by its place")
    func stx() throws {
        let (chain, contract) = try chain()
        let bob = ClarityValue.principal(chain.bob)
        #expect(try chain.answer(contract, "pay", .uint(20), .uint(20), bob) == "(ok u7)")
        #expect(try chain.look("(var-get n)", in: contract) == "u20")
        #expect(try chain.answer(contract, "pay", .uint(21), .uint(20), bob) == "(err u0)")
        #expect(try chain.look("(var-get n)", in: contract) == "u20")
        #expect(try chain.answer(contract, "burn", .uint(5), .uint(4)) == "(err u0)")
        #expect(try chain.answer(contract, "burn", .uint(5), .uint(5)) == "(ok true)")
        #expect(try chain.look("(stx-get-balance current-contract)", in: contract) == "u475")
    }

    @Test("An err of the body leaves the function as it is, and may look like a violation")
    func bodyErr() throws {
        let (chain, contract) = try chain()
        #expect(
            try chain.answer(contract, "pay", .uint(9999), .uint(9999), .principal(chain.bob)) == "(err u1)")
    }

    @Test("An asset without an allowance is 128; all assets may be allowed")
    func unlisted() throws {
        let (chain, contract) = try chain()
        let bob = ClarityValue.principal(chain.bob)
        #expect(try chain.answer(contract, "bare", .uint(1), bob) == "(err u128)")
        #expect(try chain.answer(contract, "free", .uint(1), bob) == "(ok true)")
    }

    @Test("Tokens are held against every allowance that names them, and the first that breaks is told")
    func tokens() throws {
        let (chain, contract) = try chain()
        let bob = ClarityValue.principal(chain.bob)
        #expect(try chain.answer(contract, "coins", .uint(5), bob) == "(ok true)")
        #expect(try chain.answer(contract, "coins", .uint(6), bob) == "(err u1)")
        #expect(try chain.answer(contract, "badge", .uint(2), bob) == "(err u0)")
        #expect(try chain.answer(contract, "badge", .uint(1), bob) == "(ok true)")
    }

    @Test("A fault in the body is hidden by a violation before it")
    func faultBehindViolation() throws {
        let (chain, contract) = try chain()
        #expect(try chain.answer(contract, "loses") == "(err u128)")
        #expect(try chain.look("(stx-get-balance current-contract)", in: contract) == "u500")
    }

    @Test("restrict-assets? guards the owner that is named")
    func restricting() throws {
        let (chain, contract) = try chain()
        let bob = ClarityValue.principal(chain.bob)
        #expect(try chain.answer(contract, "guard", .uint(5), .uint(4), bob) == "(err u0)")
        #expect(try chain.look("(var-get n)", in: contract) == "u0")
        #expect(try chain.answer(contract, "guard", .uint(5), .uint(5), bob) == "(ok true)")
        #expect(try chain.look("(var-get n)", in: contract) == "u9")
    }
}
