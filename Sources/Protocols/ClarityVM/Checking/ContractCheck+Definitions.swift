// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// Checks an expression of the top level; the answer is its type, or `nil` when it is a definition.
    mutating func checkTopLevel(_ expression: Expression) throws(CheckFault) -> ClarityType? {
        place = expression.span
        guard let definition = try Definition.read(expression) else { return try type(of: expression) }
        switch definition {
        case .constant(let name, let value):
            let type = try type(of: value)
            try check(name)
            analysis.constants[name] = type
        case .function(let word, let signature, let body):
            try define(word, signature, body)
        case .map(let name, let key, let value):
            guard let key = try? typeExpressions.read(key), let value = try? typeExpressions.read(value) else {
                throw fault(.badMapTypeDefinition)
            }
            try check(name)
            analysis.maps[name] = ContractAnalysis.MapType(key: key, value: value)
        case .dataVariable(let name, let type, let initial):
            guard let type = try? typeExpressions.read(type) else { throw fault(.defineVariableBadSignature) }
            try expect(type, of: initial)
            try check(name)
            analysis.dataVariables[name] = type
        case .fungibleToken(let name, let supply):
            if let supply { try expect(.uint, of: supply) }
            try check(name)
            analysis.fungibleTokens.insert(name)
        case .nonFungibleToken(let name, let type):
            guard let type = try? typeExpressions.read(type) else { throw fault(.defineNFTBadSignature) }
            try check(name)
            analysis.nonFungibleTokens[name] = type
        case .trait(let name, let methods):
            let definition = try typeExpressions.trait(methods, in: version)
            try check(name)
            takenTraitNames.insert(name)
            analysis.knownTraits[TraitIdentifier(contract: analysis.identifier, name: name)] = definition
            analysis.definedTraits[name] = definition
        case .useTrait(let name, let trait):
            let definition = try definedTrait(trait)
            guard let definition else { throw fault(.traitReferenceUnknown(name.text)) }
            try checkReserved(name)
            takenTraitNames.insert(name)
            analysis.knownTraits[trait] = definition
        case .implTrait(let trait):
            if !analysis.implementedTraits.contains(trait) { analysis.implementedTraits.append(trait) }
        }
        return nil
    }

    /// Refuses names that something else in the contract has, and names that were words of the language.
    func check(_ name: ClarityName) throws(CheckFault) {
        try checkReserved(name)
        let isTaken =
            analysis.constants[name] != nil || analysis.dataVariables[name] != nil || analysis.maps[name] != nil
            || analysis.function(name) != nil || analysis.fungibleTokens.contains(name)
            || analysis.nonFungibleTokens[name] != nil || takenTraitNames.contains(name)
        if isTaken { throw fault(.nameAlreadyUsed(name.text)) }
    }

    private func checkReserved(_ name: ClarityName) throws(CheckFault) {
        if version >= .clarity3, name.text == NativeVariable.blockHeight.rawValue {
            throw fault(.reservedWord(name.text))
        }
    }

    private mutating func define(
        _ word: DefinitionWord, _ signature: [Expression], _ body: Expression
    ) throws(CheckFault) {
        guard let first = signature.first else { throw fault(.requiresAtLeastArguments(1, found: 0)) }
        guard let name = first.atom else { throw fault(.badFunctionName) }
        let parameters = try typeExpressions.pairs(Array(signature.dropFirst()), .parameter)
        scope = Scope()
        for (name, type) in parameters {
            try check(name)
            scope.bind(name, to: type)
        }
        earlyReturn = .none
        var returns = try type(of: body)
        if case .type(let early) = earlyReturn {
            let last = returns
            returns = try supertype(early, returns) { _ in .returnTypesMustMatch(early, last) }
        }
        earlyReturn = .outside
        scope = Scope()
        guard let concrete = returns.concrete else { throw fault(.typeError(expected: .principal, found: returns)) }
        let function = FunctionSignature(
            parameters: parameters.map { FunctionSignature.Parameter(name: $0.name, type: $0.type) }, returns: concrete)
        if word == .publicFunction, !concrete.isResponse { throw fault(.publicFunctionMustReturnResponse(concrete)) }
        try check(name)
        switch word {
        case .publicFunction: analysis.publicFunctions[name] = function
        case .readOnlyFunction: analysis.readOnlyFunctions[name] = function
        default: analysis.privateFunctions[name] = function
        }
    }

    /// Notes that the function that is looked at may return a value of this type early.
    mutating func returnEarly(_ type: ClarityType) throws(CheckFault) {
        switch earlyReturn {
        case .outside: break
        case .none: earlyReturn = .type(type)
        case .type(let known):
            earlyReturn = .type(try supertype(known, type) { _ in .returnTypesMustMatch(known, type) })
        }
    }

    /// The definition of a trait of another contract, or `nil` when that does not define it.
    ///
    /// - Throws: ``CheckFault`` with ``CheckReason/noSuchContract(_:)``.
    func definedTrait(_ trait: TraitIdentifier) throws(CheckFault) -> TraitDefinition? {
        guard let contract = lookup(trait.contract) else { throw fault(.noSuchContract("\(trait.contract)")) }
        return contract.definedTraits[trait.name]
    }

    /// Sees to it that the contract has all methods of the traits that it promises to fulfil.
    func checkPromises() throws(CheckFault) {
        for trait in analysis.implementedTraits {
            guard let definition = lookup(trait.contract)?.definedTraits[trait.name] else {
                throw CheckFault(.traitReferenceUnknown(trait.name.text), at: nil)
            }
            do { try analysis.checkCompliance(with: trait, definition) } catch { throw CheckFault(error, at: nil) }
        }
    }
}
