// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension CheckReason {
    /// What is wrong, in a sentence for people.
    public var message: String {
        switch self {
        case .valueTooLarge: "No value may be larger than 1 MiB."
        case .valueOutOfBounds: "A length cannot be negative."
        case .typeSignatureTooDeep: "Types are nested more than \(ClarityType.maximumDepth) deep."
        case .supertypeTooLarge: "What holds both types would be larger than 1 MiB."
        case .constructedListTooLarge: "The sequence would be too long."
        case .maxLengthOverflow: "No length is more than 32 bits."
        case .maxContextDepthReached: "Expressions are nested too deep."
        case .costBalanceExceeded: "The contract takes too much work to check."
        case .typeError(let expected, let found): "\(found) stands where \(expected) is needed."
        case .unionTypeError(let expected, let found):
            "\(found) stands where one of \(expected.map(\.description).joined(separator: ", ")) is needed."
        case .invalidTypeDescription: "This describes no type."
        case .unknownTypeName(let name): "There is no type \(name)."
        case .couldNotDetermineType: "Nothing tells the type of this."
        case .couldNotDetermineMatchTypes: "Nothing tells the type of one arm of what is matched."
        case .couldNotDetermineResponseOkType: "Nothing tells the type of the ok value: it is never made."
        case .couldNotDetermineResponseErrType: "Nothing tells the type of the err value: it is never made."
        case .couldNotDetermineSerializationType: "Nothing tells the type of what is serialized."
        case .expectedOptionalType(let found): "\(found) stands where an optional is needed."
        case .expectedResponseType(let found): "\(found) stands where a response is needed."
        case .expectedOptionalOrResponseType(let found): "\(found) stands where an optional or a response is needed."
        case .expectedSequence(let found): "\(found) stands where a list, a buffer or a string is needed."
        case .expectedTuple(let found): "\(found) stands where a tuple is needed."
        case .expectedCallableType(let found): "\(found) is nothing that can be called."
        case .ifArmsMustMatch(let first, let second): "The arms of if are \(first) and \(second)."
        case .matchArmsMustMatch(let first, let second): "The arms of match are \(first) and \(second)."
        case .defaultTypesMustMatch(let first, let second): "The default is \(first), the value \(second)."
        case .returnTypesMustMatch(let first, let second): "The function returns both \(first) and \(second)."
        case .uncheckedIntermediaryResponses: "A response is dropped without looking whether it is ok."
        case .incorrectArgumentCount(let expected, let found): "\(found) arguments stand where \(expected) are needed."
        case .requiresAtLeastArguments(let least, let found): "\(found) arguments are fewer than \(least)."
        case .requiresAtMostArguments(let most, let found): "\(found) arguments are more than \(most)."
        case .badLetSyntax: "The bindings of let are a list of pairs."
        case .badSyntaxBinding(let fault, let kind, let index):
            switch fault {
            case .notList: "Number \(index + 1) of the \(kind.plural) is not a pair."
            case .invalidLength: "Number \(index + 1) of the \(kind.plural) has not two parts."
            case .notAtom: "Number \(index + 1) of the \(kind.plural) does not begin with a name."
            }
        case .badMatchOptionSyntax(let cause): "Matching an optional takes a name and two arms. \(cause.message)"
        case .badMatchResponseSyntax(let cause):
            "Matching a response takes two names with an arm each. \(cause.message)"
        case .badMatchInput(let found): "\(found) stands where match needs an optional or a response."
        case .expectedName: "A name is needed here."
        case .nonFunctionApplication: "A list begins with the name of a function."
        case .expectedListApplication: "A list in parentheses is needed here."
        default: nameMessage
        }
    }

    private var nameMessage: String {
        switch self {
        case .nameAlreadyUsed(let name): "\(name) is defined already."
        case .reservedWord(let name): "\(name) is a word of the language."
        case .undefinedVariable(let name): "There is no variable \(name)."
        case .undefinedFunction(let name), .unknownFunction(let name): "There is no function \(name)."
        case .illegalOrUnknownFunctionApplication(let name): "\(name) is no function that can be applied to a list."
        case .circularReference(let names): "\(names.joined(separator: ", ")) refer to each other in a circle."
        case .emptyTuplesNotAllowed: "A tuple has at least one field."
        case .badTupleConstruction(let message): "The tuple is not well formed: \(message)"
        case .badTupleFieldName: "The name of a field is needed here."
        case .noSuchTupleField(let name, let tuple): "There is no field \(name) in \(ClarityType.tuple(tuple))."
        case .defineFunctionBadSignature: "A function is defined by a list of its name and parameters, and a body."
        case .defineVariableBadSignature: "A variable is defined by name, type and first value."
        case .defineNFTBadSignature: "A non-fungible token is defined by name and type."
        case .defineTraitBadSignature: "A trait is a list of methods with their parameters' types and a response."
        case .defineTraitDuplicateMethod(let name): "The trait has two methods \(name)."
        case .badFunctionName: "A function needs a name."
        case .badMapName: "A map needs a name."
        case .badMapTypeDefinition: "A map needs a type for its keys and a type for its values."
        case .badTokenName: "The name of a token is needed here."
        case .publicFunctionMustReturnResponse(let found): "A public function returns a response, not \(found)."
        case .noSuchDataVariable(let name): "There is no data variable \(name)."
        case .noSuchMap(let name): "There is no map \(name)."
        case .noSuchFT(let name): "There is no fungible token \(name)."
        case .noSuchNFT(let name): "There is no non-fungible token \(name)."
        case .writeAttemptedInReadOnly: "What only reads may not write."
        case .atBlockClosureMustBeReadOnly: "At another block one may only read."
        default: foreignMessage
        }
    }

    private var foreignMessage: String {
        switch self {
        case .noSuchContract(let contract): "There is no contract \(contract)."
        case .noSuchPublicFunction(let contract, let function): "\(contract) has no public function \(function)."
        case .publicFunctionNotReadOnly(let contract, let function): "\(function) of \(contract) is not read-only."
        case .contractCallExpectName: "The name of a contract and of its function are needed here."
        case .traitBasedContractCallInReadOnly: "What only reads may not call a contract that it does not know."
        case .noSuchTrait(let contract, let trait): "\(contract) defines no trait \(trait)."
        case .traitReferenceUnknown(let name): "There is no trait \(name): define it or import it."
        case .traitMethodUnknown(let trait, let method): "The trait \(trait) has no method \(method)."
        case .traitReferenceNotAllowed: "A trait reference cannot be stored."
        case .expectedTraitIdentifier: "The full name of a trait is needed here."
        case .unexpectedTraitOrFieldReference: "A trait's name has no place here."
        case .badTraitImplementation(let trait, let method): "\(method) is not as the trait \(trait) has it."
        case .incompatibleTrait(let expected, let found): "The trait \(found) does not have all of \(expected)."
        case .contractOfExpectsTrait: "A trait reference is needed here."
        case .noSuchBlockInfoProperty(let name), .noSuchBurnBlockInfoProperty(let name),
            .noSuchStacksBlockInfoProperty(let name), .noSuchTenureInfoProperty(let name):
            "There is no property \(name)."
        case .expectedListOfAllowances(let word, let argument):
            "\(word) takes a list of allowances as argument \(argument)."
        case .expectedAllowanceExpr(let found): "\(found) is no allowance."
        case .allowanceExprNotAllowed: "An allowance stands only in a list of allowances."
        case .withAllAllowanceNotAllowed: "with-all-assets-unsafe has no place here."
        case .withAllAllowanceNotAlone: "with-all-assets-unsafe stands alone."
        case .withNFTExpectedListOfIdentifiers: "with-nft takes a list of identifiers."
        case .maxIdentifierLengthExceeded(let limit, let found): "\(found) identifiers are more than \(limit)."
        case .tooManyAllowances(let limit, let found): "\(found) allowances are more than \(limit)."
        default: "The name of a property is needed here."
        }
    }
}

extension CheckReason.BindingKind {
    fileprivate var plural: String {
        switch self {
        case .letBinding: "bindings"
        case .parameter: "parameters"
        case .tupleField: "fields"
        }
    }
}
