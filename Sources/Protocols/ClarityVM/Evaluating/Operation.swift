// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// What an expression does with its operands.
enum Operation: Sendable {
    // Plain values, which count for no depth
    case value(ClarityValue)
    case local(Int)
    case constant(Int)
    case variable(NativeVariable)

    // Control
    case begin
    case and
    case or
    case ifElse
    /// The first operands are the values of the locals, the others the body.
    case letIn([LocalBinding])
    /// Operands: input, branch for some or ok, branch for none or err.
    case match(value: LocalBinding, error: LocalBinding?)
    case asserts
    case asContract
    case asContractWith([Allowance])
    /// The first operand is the owner.
    case restrictAssets([Allowance])

    // Calls; operands are the arguments
    case call(Int)
    case contractCall(ContractIdentifier, ClarityName)
    /// The first operand is the contract.
    case traitCall(TraitIdentifier, ClarityName)
    case map(Callee)
    case fold(Callee)
    case filter(Callee)

    // Words with a part that is settled ahead
    /// Names in order, and for each of them which operand is its value.
    case tuple(names: [ClarityName], order: [Int])
    case get(ClarityName)
    case asMaxLen(UInt128)
    case fromConsensus(ClarityType)
    case variableGet(Int)
    case variableSet(Int)
    case mapGet(Int)
    case mapSet(Int)
    case mapInsert(Int)
    case mapDelete(Int)
    case fungible(NativeFunction, token: Int)
    case nonFungible(NativeFunction, token: Int)
    /// A word whose operands are all evaluated first.
    case native(NativeFunction)

    /// What the checker let pass and only running into it tells.
    case fault(RuntimeFault.Reason)
}

/// A local that an expression binds.
struct LocalBinding: Sendable {
    let slot: Int
    /// Set when the name was taken: binding it stops the contract.
    let takenName: ClarityName?
}

/// What is applied to each entry of a sequence.
enum Callee: Sendable {
    case native(NativeFunction)
    case function(Int)
    case unknown(ClarityName)
}

/// One line of an allowance list; the operands are evaluated each time.
struct Allowance: Sendable {
    let word: NativeFunction
    let operands: [Code]
    let span: SourceSpan
}
