// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Finds out what the short names of traits in a contract stand for.
///
/// - Source: stacks-core, the traits resolver of the Clarity VM.
struct TraitNames {
    private let identifier: ContractIdentifier
    private var known: [ClarityName: TraitIdentifier] = [:]

    private init(of identifier: ContractIdentifier) {
        self.identifier = identifier
    }

    /// The traits that the contract defines or imports, by the names it uses for them.
    ///
    /// - Throws: ``SyntaxFault`` for definitions and imports that are not well formed, for names that are taken, and
    ///   for references to traits that are not there, or that stand where none may.
    static func resolve(
        in expressions: [Expression], of identifier: ContractIdentifier
    ) throws(SyntaxFault) -> [ClarityName: TraitIdentifier] {
        var names = TraitNames(of: identifier)
        var references: [(ClarityName, SourceSpan)] = []
        for expression in expressions {
            if let (word, arguments) = DefinitionWord.parts(of: expression) {
                try names.take(word, Array(arguments), at: expression.span)
            }
            collect(in: expression, into: &references)
        }
        for (name, span) in references where names.known[name] == nil {
            throw SyntaxFault(.traitReferenceUnknown(name.text), at: span)
        }
        return names.known
    }

    private mutating func take(
        _ word: DefinitionWord, _ arguments: [Expression], at span: SourceSpan
    ) throws(SyntaxFault) {
        switch word {
        case .trait:
            guard arguments.count == 2, let name = arguments[0].atom, arguments[1].list != nil else {
                throw SyntaxFault(.defineTraitBadSignature, at: span)
            }
            try add(name, TraitIdentifier(contract: identifier, name: name), at: arguments[0].span)
        case .useTrait:
            guard arguments.count == 2, let name = arguments[0].atom, case .field(let field) = arguments[1].kind else {
                throw SyntaxFault(.importTraitBadSignature, at: span)
            }
            try add(name, field, at: arguments[0].span)
        case .implTrait:
            guard arguments.count == 1, case .field = arguments[0].kind else {
                throw SyntaxFault(.implTraitBadSignature, at: span)
            }
        case .constant, .map, .dataVariable, .fungibleToken, .nonFungibleToken:
            var references: [(ClarityName, SourceSpan)] = []
            for argument in arguments.dropFirst() { Self.collect(in: argument, into: &references) }
            if let (_, span) = references.first { throw SyntaxFault(.traitReferenceNotAllowed, at: span) }
        case .publicFunction, .privateFunction, .readOnlyFunction: break
        }
    }

    private mutating func add(_ name: ClarityName, _ trait: TraitIdentifier, at span: SourceSpan) throws(SyntaxFault) {
        guard known.updateValue(trait, forKey: name) == nil else {
            throw SyntaxFault(.nameAlreadyUsed(name.text), at: span)
        }
    }

    private static func collect(in expression: Expression, into references: inout [(ClarityName, SourceSpan)]) {
        switch expression.kind {
        case .traitReference(let name): references.append((name, expression.span))
        case .list(let parts): for part in parts { collect(in: part, into: &references) }
        default: break
        }
    }
}
