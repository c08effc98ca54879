// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// A definition, taken apart.
enum Definition {
    case constant(name: ClarityName, value: Expression)
    case function(DefinitionWord, signature: [Expression], body: Expression)
    case map(name: ClarityName, key: Expression, value: Expression)
    case dataVariable(name: ClarityName, type: Expression, initial: Expression)
    case fungibleToken(name: ClarityName, supply: Expression?)
    case nonFungibleToken(name: ClarityName, type: Expression)
    case trait(name: ClarityName, methods: Expression)
    case useTrait(name: ClarityName, trait: TraitIdentifier)
    case implTrait(TraitIdentifier)

    /// The definition that `expression` is, or `nil` when it is none.
    ///
    /// - Throws: ``CheckFault`` for a wrong number of parts, and for parts of another kind than needed.
    static func read(_ expression: Expression) throws(CheckFault) -> Definition? {
        guard let (word, slice) = DefinitionWord.parts(of: expression) else { return nil }
        do { return try read(word, Array(slice)) } catch { throw CheckFault(error, at: expression.span) }
    }

    private static func read(_ word: DefinitionWord, _ parts: [Expression]) throws(CheckReason) -> Definition {
        let counts: ClosedRange<Int> =
            switch word {
            case .implTrait: 1...1
            case .fungibleToken: 1...2
            case .map, .dataVariable: 3...3
            default: 2...2
            }
        if word == .fungibleToken, parts.isEmpty { throw .requiresAtLeastArguments(1, found: 0) }
        guard counts.contains(parts.count) else {
            throw .incorrectArgumentCount(expected: counts.lowerBound, found: parts.count)
        }
        switch word {
        case .publicFunction, .privateFunction, .readOnlyFunction:
            guard let signature = parts[0].list else { throw .defineFunctionBadSignature }
            return .function(word, signature: signature, body: parts[1])
        case .implTrait:
            guard case .field(let trait) = parts[0].kind else { throw .expectedTraitIdentifier }
            return .implTrait(trait)
        case .constant: return .constant(name: try name(parts[0]), value: parts[1])
        case .map: return .map(name: try name(parts[0]), key: parts[1], value: parts[2])
        case .dataVariable: return .dataVariable(name: try name(parts[0]), type: parts[1], initial: parts[2])
        case .fungibleToken: return .fungibleToken(name: try name(parts[0]), supply: parts.dropFirst().first)
        case .nonFungibleToken: return .nonFungibleToken(name: try name(parts[0]), type: parts[1])
        case .trait: return .trait(name: try name(parts[0]), methods: parts[1])
        case .useTrait:
            guard case .field(let trait) = parts[1].kind else { throw .expectedTraitIdentifier }
            return .useTrait(name: try name(parts[0]), trait: trait)
        }
    }

    private static func name(_ expression: Expression) throws(CheckReason) -> ClarityName {
        guard let name = expression.atom else { throw .expectedName }
        return name
    }
}
