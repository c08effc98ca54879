// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Why a contract stopped: the whole transaction is undone.
///
/// - Source: stacks-core, `VmExecutionError`; the names are its own.
public struct RuntimeFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened.
    public let reason: Reason
    /// The contract in which it happened, or `nil` when it never began.
    public internal(set) var contract: ContractIdentifier?
    /// The expression at which it happened.
    public internal(set) var span: SourceSpan?

    init(_ reason: Reason, at span: SourceSpan? = nil) {
        self.reason = reason
        self.span = span
    }

    /// What can stop a contract.
    @nonexhaustive
    public enum Reason: Hashable, Sendable {
        // What a correct contract can run into.
        case arithmeticOverflow
        case arithmeticUnderflow
        case arithmetic(String)
        case divisionByZero
        case unwrapFailure
        case maxStackDepthReached
        case supplyOverflow(supply: UInt128, limit: UInt128)
        case blockTimeNotAvailable
        case badTokenName(String)
        // What the checker could not see.
        case nameAlreadyUsed(String)
        case noSuchContract(String)
        case undefinedFunction(String)
        case noSuchPublicFunction(contract: String, function: String)
        case publicFunctionNotReadOnly(contract: String, function: String)
        case incorrectArgumentCount(expected: Int, found: Int)
        case typeValueError(expected: ClarityType, found: ClarityValue)
        case circularReference(String)
        case badTraitImplementation(trait: String, function: String)
        case traitReferenceUnknown(String)
        case traitMethodUnknown(trait: String, function: String)
        case traitBasedContractCallInReadOnly
        case writeAttemptedInReadOnly
        case contractCallExpectName
        case expectedContractPrincipalValue(ClarityValue)
        case returnTypesMustMatch(expected: ClarityType, found: ClarityValue)
        case valueTooLarge
        case costBalanceExceeded
        // A thrown value that no function was there to return.
        case assertionFailed(ClarityValue)
        case unwrapFailed(ClarityValue)
        // What should not happen, or is not there.
        case expect(String)
        /// A word that this machine knows but cannot evaluate.
        case unsupported(String)
    }

    /// The name of the reason with its family in front, which stays the same: `Vm.Runtime.DivisionByZero`.
    public var code: String { "Vm.\(reason.family).\(reason.name)" }

    /// The reason as stacks-core prints it, such as `Runtime(DivisionByZero, Some([]))`.
    public var nodeText: String {
        let inner = reason.name + (reason.details.map { "(\($0))" } ?? "")
        return reason.family == "Runtime" ? "Runtime(\(inner), Some([]))" : "\(reason.family)(\(inner))"
    }

    /// Place, contract and reason, for people.
    public var description: String {
        let place = [contract.map { "\($0)" }, span.map { "\($0.start)" }].compactMap(\.self).joined(separator: ":")
        return place.isEmpty ? nodeText : "\(place): \(nodeText)"
    }
}
