// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which rule of the static check a contract breaks.
///
/// The names, and the order in which the rules are looked at, are those of the reference VM, so that both say the same
/// of the same contract.
///
/// - Source: stacks-core, the analysis errors of the Clarity VM.
public indirect enum CheckReason: Error, Hashable, Sendable {
    // Size
    case valueTooLarge
    case valueOutOfBounds
    case typeSignatureTooDeep
    case supertypeTooLarge
    case constructedListTooLarge
    case maxLengthOverflow
    case maxContextDepthReached
    case costBalanceExceeded
    // Types
    case typeError(expected: ClarityType, found: ClarityType)
    case unionTypeError(expected: [ClarityType], found: ClarityType)
    case invalidTypeDescription
    case unknownTypeName(String)
    case couldNotDetermineType
    case couldNotDetermineMatchTypes
    case couldNotDetermineResponseOkType
    case couldNotDetermineResponseErrType
    case couldNotDetermineSerializationType
    case expectedOptionalType(ClarityType)
    case expectedResponseType(ClarityType)
    case expectedOptionalOrResponseType(ClarityType)
    case expectedSequence(ClarityType)
    case expectedTuple(ClarityType)
    case expectedCallableType(ClarityType)
    case ifArmsMustMatch(ClarityType, ClarityType)
    case matchArmsMustMatch(ClarityType, ClarityType)
    case defaultTypesMustMatch(ClarityType, ClarityType)
    case returnTypesMustMatch(ClarityType, ClarityType)
    case uncheckedIntermediaryResponses
    // Syntax of words
    case incorrectArgumentCount(expected: Int, found: Int)
    case requiresAtLeastArguments(Int, found: Int)
    case requiresAtMostArguments(Int, found: Int)
    case badLetSyntax
    case badSyntaxBinding(BindingFault, BindingKind, index: Int)
    case badMatchOptionSyntax(CheckReason)
    case badMatchResponseSyntax(CheckReason)
    case badMatchInput(ClarityType)
    case expectedName
    case nonFunctionApplication
    case expectedListApplication
    // Names
    case nameAlreadyUsed(String)
    case reservedWord(String)
    case undefinedVariable(String)
    case undefinedFunction(String)
    case unknownFunction(String)
    case illegalOrUnknownFunctionApplication(String)
    case circularReference([String])
    // Tuples
    case emptyTuplesNotAllowed
    case badTupleConstruction(String)
    case badTupleFieldName
    case noSuchTupleField(String, TupleType)
    // Definitions
    case defineFunctionBadSignature
    case defineVariableBadSignature
    case defineNFTBadSignature
    case defineTraitBadSignature
    case defineTraitDuplicateMethod(String)
    case badFunctionName
    case badMapName
    case badMapTypeDefinition
    case badTokenName
    case publicFunctionMustReturnResponse(ClarityType)
    // State
    case noSuchDataVariable(String)
    case noSuchMap(String)
    case noSuchFT(String)
    case noSuchNFT(String)
    case writeAttemptedInReadOnly
    case atBlockClosureMustBeReadOnly
    // Other contracts
    case noSuchContract(String)
    case noSuchPublicFunction(contract: String, function: String)
    case publicFunctionNotReadOnly(contract: String, function: String)
    case contractCallExpectName
    case traitBasedContractCallInReadOnly
    // Traits
    case noSuchTrait(contract: String, trait: String)
    case traitReferenceUnknown(String)
    case traitMethodUnknown(trait: String, method: String)
    case traitReferenceNotAllowed
    case expectedTraitIdentifier
    case unexpectedTraitOrFieldReference
    case badTraitImplementation(trait: String, method: String)
    case incompatibleTrait(expected: TraitIdentifier, found: TraitIdentifier)
    case contractOfExpectsTrait
    // Properties of blocks
    case noSuchBlockInfoProperty(String)
    case noSuchBurnBlockInfoProperty(String)
    case noSuchStacksBlockInfoProperty(String)
    case noSuchTenureInfoProperty(String)
    case getBlockInfoExpectPropertyName
    case getBurnBlockInfoExpectPropertyName
    case getStacksBlockInfoExpectPropertyName
    case getTenureInfoExpectPropertyName
    // Allowances
    case expectedListOfAllowances(word: String, argument: Int)
    case expectedAllowanceExpr(String)
    case allowanceExprNotAllowed
    case withAllAllowanceNotAllowed
    case withAllAllowanceNotAlone
    case withNFTExpectedListOfIdentifiers
    case maxIdentifierLengthExceeded(limit: Int, found: Int)
    case tooManyAllowances(limit: Int, found: Int)

    /// How a pair of name and content is wrong.
    public enum BindingFault: String, Hashable, Sendable {
        case notList = "NotList"
        case invalidLength = "InvalidLength"
        case notAtom = "NotAtom"
    }

    /// Where such a pair stands.
    public enum BindingKind: String, Hashable, Sendable {
        case letBinding = "Let"
        case parameter = "Eval"
        case tupleField = "TupleCons"
    }
}
