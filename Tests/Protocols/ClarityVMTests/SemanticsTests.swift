// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("What is easy to get wrong in Clarity")
struct SemanticsTests {
    /// An expression, the edition, and its value or the name of what stops it.
    func value(_ program: String, _ version: ClarityVersion = .clarity3) throws -> String {
        let chain = try TestChain()
        let receipt = try chain.simnet.deploy(name: "p", source: program, version: version, from: chain.alice).receipt
        return receipt.fault?.code ?? receipt.result?.description ?? "-"
    }

    @Test(
        "Reckoning never wraps",
        arguments: [
            ("(+ 170141183460469231731687303715884105727 1)", "Vm.Runtime.ArithmeticOverflow"),
            ("(- u1 u2)", "Vm.Runtime.ArithmeticUnderflow"), ("(- u1)", "Vm.Runtime.ArithmeticUnderflow"),
            ("(- 5)", "-5"), ("(/ -7 2)", "-3"), ("(mod -7 2)", "-1"), ("(mod 7 -2)", "1"),
            ("(/ -170141183460469231731687303715884105728 -1)", "Vm.Runtime.DivisionByZero"),
            ("(mod -170141183460469231731687303715884105728 -1)", "Vm.Runtime.DivisionByZero"),
            ("(pow 2 127)", "Vm.Runtime.ArithmeticOverflow"), ("(pow 0 0)", "1"), ("(pow 0 -1)", "0"),
            ("(pow -1 4294967295)", "-1"), ("(pow 2 4294967296)", "Vm.Runtime.Arithmetic"),
            ("(sqrti u340282366920938463463374607431768211455)", "u18446744073709551615"), ("(sqrti 15)", "3"),
            ("(log2 170141183460469231731687303715884105727)", "126"), ("(bit-shift-right -8 u129)", "-4"),
        ])
    func reckoning(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test(
        "What a word leaves unevaluated, and what not",
        arguments: [
            ("(and false (is-eq u1 (/ u1 u0)))", "false"), ("(or true (is-eq u1 (/ u1 u0)))", "true"),
            ("(if true u1 (/ u1 u0))", "u1"), ("(asserts! true (/ u1 u0))", "true"),
            // These two have their second operand evaluated always.
            ("(unwrap! (some u1) (/ u1 u0))", "Vm.Runtime.DivisionByZero"),
            ("(default-to (/ u1 u0) (some u1))", "Vm.Runtime.DivisionByZero"),
        ])
    func shortCircuit(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test(
        "Leaving early leaves the function, not the block",
        arguments: [
            ("(define-private (f) (begin (asserts! false (err u1)) (ok u2))) (f)", "(err u1)"),
            ("(define-private (f) (let ((a (try! (if true none (some u1))))) (some a))) (f)", "none"),
            ("(define-private (f) (let ((a (unwrap! (if false (some u1) none) u5))) u6)) (f)", "u5"),
            ("(define-private (f) (let ((a (unwrap-err! (if true (ok u1) (err u2)) u5))) u6)) (f)", "u5"),
            ("(try! (if true (err u1) (ok u1)))", "Vm.EarlyReturn.UnwrapFailed"),
            ("(asserts! false u1)", "Vm.EarlyReturn.AssertionFailed"),
        ])
    func leavingEarly(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test(
        "Tuples stand in byte order of their names",
        arguments: [
            ("{aa: 1, a1: 2, a-b: 3, Z: 4, b: 5}", "(tuple (Z 4) (a-b 3) (a1 2) (aa 1) (b 5))"),
            ("(merge {a: 1, b: u1} {a: \"x\"})", "(tuple (a \"x\") (b u1))"), ("(get a (some {a: 1}))", "(some 1)"),
            ("(is-eq 0x01 0x0100)", "false"), ("(< \"aa\" \"aaa\")", "true"), ("(> 0x02 0x0101)", "true"),
        ])
    func tuples(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test("Maps tell whether there was something")
    func maps() throws {
        let program = """
            (define-map m {k: uint} uint)
            (list (map-insert m {k: u1} u1) (map-insert m {k: u1} u2) (map-set m {k: u1} u3)
              (map-delete m {k: u1}) (map-delete m {k: u1}))
            """
        #expect(try value(program) == "(true false true true false)")
    }

    @Test(
        "STX move in the order of the checks: nothing, oneself, not the sender, too little",
        arguments: [
            (
                "(stx-transfer? u0 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG)",
                "(err u3)"
            ),
            (
                "(stx-transfer? u9999 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG)",
                "(err u2)"
            ),
            ("(stx-transfer? u9999 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG tx-sender)", "(err u4)"),
            ("(stx-transfer? u9999 tx-sender 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG)", "(err u1)"),
            ("(stx-transfer? u1000 tx-sender 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG)", "(ok true)"),
            ("(stx-burn? u0 tx-sender)", "(err u3)"), ("(stx-burn? u9999 tx-sender)", "(err u1)"),
            ("(stx-burn? u1 'ST2CY5V39NHDPWSXMW9QDT3HC3GD6Q6XX4CFRK9AG)", "(err u4)"),
        ])
    func stx(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test(
        "Tokens have codes of their own",
        arguments: [
            ("(ft-mint? t u0 tx-sender)", "(err u1)"), ("(ft-mint? t u101 tx-sender)", "Vm.Runtime.SupplyOverflow"),
            ("(ft-transfer? t u0 tx-sender tx-sender)", "(err u3)"),
            ("(ft-transfer? t u1 tx-sender tx-sender)", "(err u2)"),
            ("(ft-transfer? t u1 tx-sender .p)", "(err u1)"), ("(ft-burn? t u1 tx-sender)", "(err u1)"),
            ("(nft-transfer? x u1 tx-sender tx-sender)", "(err u2)"),
            ("(nft-transfer? x u1 tx-sender .p)", "(err u3)"), ("(nft-burn? x u1 tx-sender)", "(err u3)"),
            ("(begin (unwrap-panic (nft-mint? x u1 .p)) (nft-mint? x u1 .p))", "(err u1)"),
            ("(begin (unwrap-panic (nft-mint? x u1 .p)) (nft-transfer? x u1 tx-sender .q))", "(err u1)"),
        ])
    func tokens(program: String, expected: String) throws {
        let definitions = "(define-fungible-token t u100) (define-non-fungible-token x uint) "
        #expect(try value(definitions + program) == expected)
    }

    @Test("Locked STX cannot be sent before their burn block")
    func locks() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-public (pay (a uint)) (stx-transfer? a tx-sender .c))")
        let alice = Principal.standard(chain.alice)
        #expect(chain.simnet.lock(alice, microSTX: 900, untilBurnHeight: 1010))
        #expect(!chain.simnet.lock(alice, microSTX: 1, untilBurnHeight: 1010))
        #expect(try chain.answer(contract, "pay", .uint(101)) == "(err u1)")
        #expect(
            try chain.look("(stx-account tx-sender)", in: contract)
                == "(tuple (locked u900) (unlock-height u1010) (unlocked u100))")
        chain.simnet.advance(burnBlocks: 10)
        #expect(try chain.answer(contract, "pay", .uint(1000)) == "(ok true)")
        #expect(
            try chain.look("(stx-account tx-sender)", in: contract)
                == "(tuple (locked u0) (unlock-height u0) (unlocked u0))")
    }

    @Test("Through a call tx-sender stays and contract-caller changes; as-contract sets both")
    func callers() throws {
        let chain = try TestChain()
        try chain.deploy("inner", "(define-read-only (who) (list tx-sender contract-caller))")
        let outer = try chain.deploy(
            "outer",
            """
            (define-public (plain) (ok (contract-call? .inner who)))
            (define-public (acting) (ok (as-contract (contract-call? .inner who))))
            (define-public (self) (ok (as-contract (list tx-sender contract-caller))))
            """)
        let (alice, name) = (chain.alice.address, outer.description)
        #expect(try chain.answer(outer, "plain") == "(ok (\(alice) \(name)))")
        #expect(try chain.answer(outer, "acting") == "(ok (\(name) \(name)))")
        #expect(try chain.answer(outer, "self") == "(ok (\(name) \(name)))")
    }

    @Test("The sponsor is known, and pays the fee")
    func sponsors() throws {
        let chain = try TestChain()
        let contract = try chain.deploy("(define-public (who) (ok tx-sponsor?))")
        #expect(try chain.answer(contract, "who") == "(ok none)")
        let receipt = try chain.simnet.call(
            contract, #require(ClarityName("who")), from: chain.bob, sponsor: chain.alice, fee: 7)
        #expect(receipt.result?.description == "(ok (some \(chain.alice)))")
        #expect(chain.simnet.account(.standard(chain.alice)).stx.unlocked == 993)
        #expect(chain.simnet.account(.standard(chain.bob)).stx.unlocked == 10)
    }

    @Test("A deployed constant is frozen, and the words of the network are its own")
    func constants() throws {
        let chain = try TestChain(network: .mainnet)
        let source = "(define-constant owner tx-sender) (define-read-only (f) (list owner tx-sender))"
        let contract = try chain.deploy(source)
        #expect(try chain.answer(contract, "f", from: chain.bob) == "(\(chain.alice) \(chain.bob))")
        #expect(try chain.look("(list chain-id (if is-in-mainnet u1 u0))", in: contract) == "(u1 u1)")
        #expect(try value("chain-id") == "u2147483648")
    }

    @Test("Bytes of a value are read as the type says")
    func consensusBytes() throws {
        let cases = [
            // Fields out of order and one too many.
            ("{a: int, b: bool}", "{b: true, c: 1, a: 2}", "(some (tuple (a 2) (b true)))"),
            ("uint", "1", "none"), ("(buff 1)", "0x0102", "none"), ("(list 2 uint)", "(list u1 u2)", "(some (u1 u2))"),
            ("(optional uint)", "none", "(some none)"),
        ]
        for (type, made, expected) in cases {
            let program = "(from-consensus-buff? \(type) (unwrap-panic (to-consensus-buff? \(made))))"
            #expect(try value(program) == expected)
        }
        #expect(try value("(from-consensus-buff? bool 0x0300)") == "none")
    }

    @Test(
        "Principals are taken apart and put together",
        arguments: [
            (
                "(principal-construct? 0x16 0x0000000000000000000000000000000000000000)",
                "(err (tuple (error_code u0) (value (some SP000000000000000000002Q6VF78))))"
            ),
            ("(principal-construct? 0x1a 0x00)", "(err (tuple (error_code u1) (value none)))"),
            (
                "(principal-construct? 0x20 0x0000000000000000000000000000000000000000)",
                "(err (tuple (error_code u1) (value none)))"
            ),
            (
                "(principal-construct? 0x1a 0x0000000000000000000000000000000000000000 \"1a\")",
                "(err (tuple (error_code u2) (value none)))"
            ),
            (
                "(principal-construct? 0x1a 0x0000000000000000000000000000000000000000 \"a1\")",
                "(ok ST000000000000000000002AMW42H.a1)"
            ),
            ("(is-standard 'SP000000000000000000002Q6VF78)", "false"),
            ("(is-standard 'ST000000000000000000002AMW42H)", "true"),
        ])
    func principals(program: String, expected: String) throws { #expect(try value(program) == expected) }

    @Test("With several sequences, map ends with the shortest that comes later")
    func mapping() throws {
        #expect(try value("(map + (list 1 2 3) (list 10 20))") == "(11 22)")
        #expect(try value("(map + (list 1 2) (list 10 20 30))") == "(11 22)")
        #expect(try value("(fold - (list 10 1) 0)") == "-9")
        #expect(try value("(filter not (list true false))") == "(false)")
    }
}
