// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Why a transaction was never begun, or a question has no answer: nothing was charged and nothing changed.
@nonexhaustive
public enum SimnetFault: Error, Sendable {
    /// The program is malformed.
    case syntax(SyntaxFault)
    /// The program breaks a rule of the language.
    case check(CheckFault)
    case contractAlreadyExists(ContractIdentifier)
    case noSuchContract(ContractIdentifier)
    /// The name is none that a contract can have.
    case badContractName(String)
    case badNonce(expected: UInt64, actual: UInt64)
    /// The account cannot pay the fee, in micro-STX.
    case notEnoughFunds(expected: UInt128, actual: UInt128)
    /// A read-only call, or a question, stopped.
    case runtime(RuntimeFault)
    /// The contract defines no variable, constant or map of this name.
    case noSuchDefinition(String)

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .syntax: "simnet.syntax"
        case .check: "simnet.check"
        case .contractAlreadyExists: "simnet.contract-already-exists"
        case .noSuchContract: "simnet.no-such-contract"
        case .badContractName: "simnet.bad-contract-name"
        case .badNonce: "simnet.bad-nonce"
        case .notEnoughFunds: "simnet.not-enough-funds"
        case .runtime: "simnet.runtime"
        case .noSuchDefinition: "simnet.no-such-definition"
        }
    }
}
