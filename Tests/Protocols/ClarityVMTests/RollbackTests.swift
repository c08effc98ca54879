// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("What is taken back, and what holds")
struct RollbackTests {
    static let source = """
        (define-data-var n uint u0)
        (define-map m uint uint)
        (define-fungible-token t)
        (define-non-fungible-token x uint)
        (define-public (all (fails bool)) (begin
          (var-set n u9) (map-set m u1 u2) (print "here")
          (try! (ft-mint? t u5 tx-sender)) (try! (nft-mint? x u1 tx-sender))
          (try! (stx-transfer? u3 tx-sender (as-contract tx-sender)))
          (try! (stx-burn? u2 tx-sender))
          (if fails (err u7) (ok true))))
        (define-public (stops) (begin (try! (all false)) (ok (/ u1 u0))))
        (define-public (catches) (match (all true) v (ok u1) e (begin (var-set n u4) (ok e))))
        (define-private (careless) (begin (var-set n u8) (if true (err u1) (ok u1))))
        (define-public (keeps) (match (careless) v (ok u1) e (ok e)))
        (define-read-only (peek) (begin (print "unseen") (var-get n)))
        """

    func state(_ chain: TestChain, _ contract: ContractIdentifier) throws -> String {
        try chain.look(
            "(list (var-get n) (default-to u0 (map-get? m u1)) (ft-get-supply t) (stx-get-balance tx-sender))",
            in: contract)
    }

    @Test("An ok keeps variables, maps, tokens and STX, and tells the events in order")
    func keeps() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        let receipt = try chain.call(contract, "all", .bool(false))
        #expect(receipt.isSuccess)
        #expect(
            receipt.events.map(\.kind) == [
                "contract_event", "ft_mint_event", "nft_mint_event", "stx_transfer_event", "stx_burn_event",
            ])
        #expect(try state(chain, contract) == "(u9 u2 u5 u995)")
        #expect(try chain.look("(nft-get-owner? x u1)", in: contract) == "(some \(chain.alice))")
    }

    @Test("An err takes all of it back")
    func answersErr() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        let receipt = try chain.call(contract, "all", .bool(true))
        guard case .abortByResponse = receipt.status else {
            Issue.record("\(receipt.status)")
            return
        }
        #expect(receipt.events.isEmpty)
        #expect(receipt.movements.isEmpty)
        #expect(receipt.result?.description == "(err u7)")
        #expect(try state(chain, contract) == "(u0 u0 u0 u1000)")
        #expect(try chain.look("(nft-get-owner? x u1)", in: contract) == "none")
    }

    @Test("A fault takes back the whole transaction, and names its place")
    func stops() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        let receipt = try chain.call(contract, "stops")
        #expect(receipt.fault?.code == "Vm.Runtime.DivisionByZero")
        #expect(receipt.fault?.span?.start == SourceSpan.Position(line: 11, column: 54))
        #expect(receipt.fault?.contract == contract)
        #expect(receipt.result == nil && receipt.events.isEmpty)
        #expect(try state(chain, contract) == "(u0 u0 u0 u1000)")
    }

    @Test("Whoever matches on an err keeps own changes, and the called function's are gone")
    func catches() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        #expect(try chain.answer(contract, "catches") == "(ok u7)")
        #expect(try state(chain, contract) == "(u4 u0 u0 u1000)")
    }

    @Test("The err of a private function takes nothing back")
    func careless() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        #expect(try chain.answer(contract, "keeps") == "(ok u1)")
        #expect(try state(chain, contract) == "(u8 u0 u0 u1000)")
    }

    @Test("A print in a read-only function is not told")
    func readOnlyPrints() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        let receipt = try chain.call(contract, "peek")
        #expect(receipt.isSuccess && receipt.events.isEmpty)
    }

    @Test("A deployment that stops leaves no contract, no state and no events")
    func deployment() throws {
        let chain = try TestChain()
        let source = "(stx-burn? u5 tx-sender) (define-data-var n uint u1) (unwrap-panic (if false (some 1) none))"
        let (contract, receipt) = try chain.simnet.deploy(
            name: "gone", source: source, version: .clarity3, from: chain.alice)
        #expect(receipt.fault?.code == "Vm.Runtime.UnwrapFailure")
        #expect(chain.simnet.analysis(of: contract) == nil)
        #expect(chain.simnet.account(.standard(chain.alice)).stx.unlocked == 1_000)
        #expect(throws: SimnetFault.self) { try chain.simnet.evaluate("(var-get n)", in: contract) }
        // The name is free again.
        try chain.deploy("gone", "(define-data-var n uint u2)")
    }

    @Test("Evaluating an expression in a contract changes nothing")
    func looking() throws {
        let chain = try TestChain()
        let contract = try chain.deploy(Self.source)
        #expect(try chain.look("(begin (var-set n u77) (var-get n))", in: contract) == "u77")
        #expect(try chain.look("(var-get n)", in: contract) == "u0")
    }
}
