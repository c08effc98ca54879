// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingStacks
import Testing

@Suite("Contracts that break a rule")
struct CheckingFaultTests {
    /// Program, and place and code of the rule it breaks in Clarity 4.
    static let refusals: [(program: String, fault: String)] = [
        // Names
        ("(define-constant a 1)\n(define-constant a 2)", "2:1 NameAlreadyUsed"),
        ("(define-constant a 1) (define-read-only (a) 1)", "1:23 NameAlreadyUsed"),
        ("(define-read-only (a) 1) (define-map a int int)", "1:26 NameAlreadyUsed"),
        ("(define-data-var a int 1) (define-fungible-token a)", "1:27 NameAlreadyUsed"),
        ("(define-non-fungible-token a int) (define-data-var a int 1)", "1:35 NameAlreadyUsed"),
        ("(define-trait a ()) (define-constant a 1)", "1:21 NameAlreadyUsed"),
        ("(define-constant a 1) (define-private (f (a int)) 1)", "1:23 NameAlreadyUsed"),
        ("(define-private (f (a int)) (match (some 1) a 2 3))", "1:29 NameAlreadyUsed"),
        ("(let ((a 1)) (let ((a 2)) a))", "1:20 NameAlreadyUsed"),
        ("(define-constant block-height u1)", "1:1 ReservedWord"),
        ("(define-trait block-height ())", "1:1 ReservedWord"),
        ("(+ 1 a)", "1:6 UndefinedVariable"),
        ("(begin\n  (no-such 1))", "2:3 UnknownFunction"),
        ("(begin (define-constant a 1))", "1:8 UnknownFunction"),
        ("(map no-such (list 1))", "1:1 UnknownFunction"),
        ("(map if (list true) (list 1) (list 2))", "1:1 IllegalOrUnknownFunctionApplication"),
        ("(map 1 (list 1))", "1:1 NonFunctionApplication"),
        ("(1 2)", "1:1 NonFunctionApplication"),
        ("(var-get a)", "1:1 NoSuchDataVariable"),
        ("(map-get? a 1)", "1:1 NoSuchMap"),
        ("(map-set 1 1 1)", "1:1 BadMapName"),
        ("(ft-mint? a u1 tx-sender)", "1:1 NoSuchFT"),
        ("(ft-get-supply 1)", "1:1 BadTokenName"),
        ("(nft-get-owner? a 1)", "1:1 NoSuchNFT"),
        // Numbers of arguments
        ("(not)", "1:1 IncorrectArgumentCount.1"),
        ("(begin)", "1:1 RequiresAtLeastArguments.1"),
        ("(principal-construct? 0x01 0x02 \"a\" \"b\")", "1:1 RequiresAtMostArguments.3"),
        ("(define-constant a)", "1:1 IncorrectArgumentCount.2"),
        ("(define-fungible-token)", "1:1 RequiresAtLeastArguments.1"),
        // Types
        ("(+ 1 u1)", "1:1 TypeError.IntType"),
        ("(+ true 1)", "1:1 UnionTypeError"),
        ("(< 1 0x01)", "1:1 TypeError.IntType"),
        ("(< true false)", "1:1 UnionTypeError"),
        ("(if true 1 u1)", "1:1 IfArmsMustMatch.IntType"),
        ("(if 1 1 1)", "1:5 TypeError.BoolType"),
        ("(match (some 1) a a u1)", "1:1 MatchArmsMustMatch.IntType"),
        ("(match (some 1) a a)", "1:1 BadMatchOptionSyntax.IncorrectArgumentCount.4"),
        ("(match (if true (ok 1) (err 1)) 1 1 b 1)", "1:1 BadMatchResponseSyntax.ExpectedName"),
        ("(match none a 1 2)", "1:1 CouldNotDetermineMatchTypes"),
        ("(match 1 a 1 2)", "1:1 BadMatchInput.IntType"),
        ("(default-to 1 (some u1))", "1:1 DefaultTypesMustMatch.IntType"),
        ("(unwrap-panic (err 1))", "1:1 CouldNotDetermineResponseOkType"),
        ("(unwrap-err-panic (ok 1))", "1:1 CouldNotDetermineResponseErrType"),
        ("(unwrap-panic 1)", "1:1 ExpectedOptionalOrResponseType.IntType"),
        ("(is-ok (some 1))", "1:1 ExpectedResponseType.OptionalType.IntType"),
        ("(is-none 1)", "1:1 ExpectedOptionalType.IntType"),
        ("(len 1)", "1:1 ExpectedSequence.IntType"),
        ("(append 0x00 0x01)", "1:1 ExpectedListApplication"),
        ("(list 1 true)", "1:1 TypeError.IntType"),
        ("(to-consensus-buff? (list))", "1:1 CouldNotDetermineSerializationType"),
        ("(as-max-len? 0x00 u4294967296)", "1:1 MaxLengthOverflow"),
        ("(as-max-len? 0x00 1)", "1:1 TypeError.UIntType"),
        ("(filter is-some (list (some 1)))", "1:1 IllegalOrUnknownFunctionApplication"),
        ("(filter to-uint (list 1))", "1:1 TypeError.BoolType"),
        // Tuples and bindings
        ("(tuple)", "1:1 RequiresAtLeastArguments.1"),
        ("{a: 1, a: 2}", "1:1 BadTupleConstruction"),
        ("(get b {a: 1})", "1:1 NoSuchTupleField"),
        ("(get 1 {a: 1})", "1:1 BadTupleFieldName"),
        ("(get a 1)", "1:1 ExpectedTuple.IntType"),
        ("(merge {a: 1} 1)", "1:1 ExpectedTuple.IntType"),
        ("(let 1 2)", "1:1 BadLetSyntax"),
        ("(let (a) 2)", "1:7 BadSyntaxBinding.NotList.Let"),
        ("(tuple (a))", "1:8 BadSyntaxBinding.InvalidLength.TupleCons"),
        ("(define-private (f (1 int)) 1)", "1:20 BadSyntaxBinding.NotAtom.Eval"),
        // Definitions
        ("(define-private f 1)", "1:1 DefineFunctionBadSignature"),
        ("(define-private (1) 1)", "1:18 BadFunctionName"),
        ("(define-constant 1 1)", "1:1 ExpectedName"),
        ("(define-data-var a unknown 1)", "1:1 DefineVariableBadSignature"),
        ("(define-map a unknown int)", "1:1 BadMapTypeDefinition"),
        ("(define-non-fungible-token a unknown)", "1:1 DefineNFTBadSignature"),
        ("(define-private (f (a unknown)) 1)", "1:23 UnknownTypeName"),
        ("(define-private (f (a (list int 1))) 1)", "1:29 InvalidTypeDescription"),
        ("(define-private (f (a (buff -1))) 1)", "1:23 ValueOutOfBounds"),
        ("(define-private (f (a (buff 1048577))) 1)", "1:23 ValueTooLarge"),
        ("(define-private (f (a (tuple))) 1)", "1:23 EmptyTuplesNotAllowed"),
        ("(define-public (f) 1)", "1:1 PublicFunctionMustReturnResponse.IntType"),
        ("(define-private (f) (begin (asserts! true u1) 1))", "1:1 ReturnTypesMustMatch.UIntType"),
        (
            "(define-private (f) (begin (asserts! true u1) (asserts! true 1) u1))",
            "1:47 ReturnTypesMustMatch.UIntType"
        ),
        ("(define-public (f) (begin (ok 1) (ok 2)))", "1:20 UncheckedIntermediaryResponses"),
        ("(define-trait t ((f 1 (response int int))))", "1:18 DefineTraitBadSignature"),
        ("(define-trait t ((f (int))))", "1:18 InvalidTypeDescription"),
        ("(define-trait t ((f () int)))", "1:24 DefineTraitBadSignature"),
        (
            "(define-trait t ((f () (response int int)) (f () (response int int))))",
            "1:44 DefineTraitDuplicateMethod"
        ),
        // Who may write
        ("(define-data-var v int 1)\n(define-read-only (f) (var-set v 2))", "2:1 WriteAttemptedInReadOnly"),
        (
            "(define-data-var v int 1) (define-private (g) (var-set v 2)) (define-read-only (f) (g))",
            "1:62 WriteAttemptedInReadOnly"
        ),
        ("(define-read-only (f) (stx-burn? u1 tx-sender))", "1:1 WriteAttemptedInReadOnly"),
        (
            "(define-data-var v int 1) (define-private (g) (var-set v 2))\n(define-read-only (f) (if (g) 1 2))",
            "2:1 WriteAttemptedInReadOnly"
        ),
        ("(define-data-var v int 1) (at-block 0x00 (var-set v 2))", "1:27 AtBlockClosureMustBeReadOnly"),
        // Allowances
        ("(with-stx u1)", "1:1 AllowanceExprNotAllowed"),
        ("(as-contract? u1 true)", "1:1 ExpectedListOfAllowances"),
        ("(as-contract? (u1) true)", "1:1 ExpectedListApplication"),
        ("(as-contract? ((+ u1)) true)", "1:1 ExpectedAllowanceExpr"),
        ("(as-contract? ((with-stx 1)) true)", "1:26 TypeError.UIntType"),
        ("(as-contract? ((with-all-assets-unsafe) (with-stx u1)) true)", "1:1 WithAllAllowanceNotAlone"),
        ("(restrict-assets? tx-sender ((with-all-assets-unsafe)) true)", "1:1 WithAllAllowanceNotAllowed"),
        ("(as-contract? () (ok true))", "1:1 UncheckedIntermediaryResponses"),
        ("(as-contract? ((with-nft tx-sender \"a\" u1)) true)", "1:1 WithNftExpectedListOfIdentifiers"),
        ("(as-contract? (\(String(repeating: "(with-stx u1) ", count: 129))) true)", "1:1 TooManyAllowances.128"),
        // Words of other editions
        ("(as-contract 1)", "1:1 UnknownFunction"),
        ("(get-block-info? time u1)", "1:1 UnknownFunction"),
        ("block-height", "1:1 UndefinedVariable"),
        ("(get-tenure-info? nothing u1)", "1:1 NoSuchTenureInfoProperty"),
        ("(get-stacks-block-info? 1 u1)", "1:1 GetStacksBlockInfoExpectPropertyName"),
        ("(get-burn-block-info? nothing u1)", "1:1 NoSuchBlockInfoProperty"),
    ]

    @Test("Each is refused with the place and the name of the rule", arguments: refusals)
    func refuses(program: String, fault: String) throws {
        var contracts = CheckedContracts()
        #expect(try contracts.outcome(program) == fault)
    }

    @Test("Messages are sentences with the types and names that decided")
    func messages() throws {
        for (program, _) in Self.refusals {
            let fault = try #require(
                throws: CheckFault.self,
                performing: {
                    let syntax = try ContractSyntax(program, of: CheckingVectors.contract(), in: .clarity4)
                    _ = try ContractCheck.run(syntax) { _ in nil }
                })
            #expect(fault.message.hasSuffix("."))
            #expect(fault.description.hasSuffix("\(fault.code): \(fault.message)"))
        }
        let sum = try #require(
            throws: CheckFault.self,
            performing: {
                _ = try ContractCheck.run(ContractSyntax("(+ 1 u1)", of: CheckingVectors.contract(), in: .clarity4)) {
                    _ in nil
                }
            })
        #expect(sum.description == "1:1: TypeError.IntType: uint stands where int is needed.")
    }

    @Test("Words come and go with the editions of the language")
    func editions() throws {
        #expect(try CheckingVectors.outcome(of: "(as-contract tx-sender)", in: .clarity3) == "principal")
        #expect(try CheckingVectors.outcome(of: "block-height", in: .clarity2) == "uint")
        #expect(try CheckingVectors.outcome(of: "block-height", in: .clarity3) == "! UndefinedVariable")
        #expect(try CheckingVectors.outcome(of: "(slice? 0x01 u0 u1)", in: .clarity1) == "! UnknownFunction")
        #expect(try CheckingVectors.outcome(of: "(< \"a\" \"b\")", in: .clarity1) == "! UnionTypeError")
        #expect(NativeFunction.allCases.count { $0.versions.contains(.clarity1) } == 82)
        #expect(NativeFunction.allCases.count { $0.versions.lowerBound == .clarity2 } == 26)
        #expect(NativeFunction.allCases.count { $0.versions.lowerBound == .clarity3 } == 2)
        #expect(NativeFunction.allCases.count { $0.versions.lowerBound == .clarity4 } == 10)
    }
}
