// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ContractCheck {
    /// A trait, and one all of whose methods it may have.
    struct TraitPair: Hashable {
        let trait: TraitIdentifier
        let wanted: TraitIdentifier
    }

    /// Sees to it that an expression may stand where a value of the type `expected` is needed.
    ///
    /// Contracts fit where they implement the trait that is asked for, and trait references where their trait has all
    /// methods of it.
    mutating func expect(_ expected: ClarityType, of expression: Expression) throws(CheckFault) {
        if version < .clarity2, case .callable(.trait(let trait)) = expected,
            case .literal(.principal(.contract(let contract))) = expression.kind
        {
            return try check(contract, implements: trait)
        }
        let type = try type(of: expression)
        let outer = place
        place = expression.span
        if version >= .clarity2 {
            try check(type, fits: expected, nesting: 0)
        } else {
            try checkAdmits(expected, type)
        }
        place = outer
    }

    private mutating func checkAdmits(_ expected: ClarityType, _ type: ClarityType) throws(CheckFault) {
        try spend(expected.weight + type.weight)
        guard try typed({ () throws(CheckReason) in try expected.admits(type) }) else {
            throw fault(.typeError(expected: expected, found: type))
        }
    }

    /// Like `admits`, but looks into traits; `nesting` counts how many traits of traits are looked into.
    private mutating func check(
        _ type: ClarityType, fits expected: ClarityType, nesting: Int
    ) throws(CheckFault) {
        try spend(1)
        let mismatch = CheckReason.typeError(expected: expected, found: type)
        switch (type, expected) {
        case (.optional(let type), .optional(let expected)):
            try check(type.wrapped, fits: expected.wrapped, nesting: nesting)
        case (.response(let type), .response(let expected)):
            try check(type.ok, fits: expected.ok, nesting: nesting)
            try check(type.err, fits: expected.err, nesting: nesting)
        case (.list(let type), .list(let expected)):
            guard type.maximumLength <= expected.maximumLength else { throw fault(mismatch) }
            try check(type.entry, fits: expected.entry, nesting: nesting)
        case (.tuple(let type), .tuple(let expected)):
            guard type.fields.count == expected.fields.count else { throw fault(mismatch) }
            for (field, wanted) in zip(type.fields, expected.fields) {
                guard field.name == wanted.name else { throw fault(mismatch) }
                try check(field.type, fits: wanted.type, nesting: nesting)
            }
        case (.callable(.trait(let trait)), .callable(.trait(let wanted))):
            try check(trait, has: wanted, nesting: nesting)
        case (.callable(.contract(let contract)), .callable(.trait(let trait))):
            try check(contract, implements: trait)
        case (.union(let members), .callable(.trait)):
            for member in members.sorted(by: { $0.description < $1.description }) {
                try check(.callable(member), fits: expected, nesting: nesting)
            }
        case (.noType, _): break
        default: try checkAdmits(expected, type)
        }
    }

    private mutating func check(
        _ contract: ContractIdentifier, implements trait: TraitIdentifier
    ) throws(CheckFault) {
        guard let contract = lookup(contract) else { throw fault(.noSuchContract("\(contract)")) }
        let definition = try definition(of: trait)
        try spend(definition.values.reduce(1) { $0 + $1.weight })
        try typed { () throws(CheckReason) in try contract.checkCompliance(with: trait, definition) }
    }

    /// Sees to it that the trait has all methods of another.
    private mutating func check(
        _ trait: TraitIdentifier, has wanted: TraitIdentifier, nesting: Int
    ) throws(CheckFault) {
        let pair = TraitPair(trait: trait, wanted: wanted)
        guard trait != wanted, !compatibleTraits.contains(pair) else { return }
        // Traits of traits may be a long chain, over many contracts.
        guard nesting < ClarityType.maximumDepth else { throw fault(.maxContextDepthReached) }
        let (own, asked) = (try definition(of: trait), try definition(of: wanted))
        for (name, method) in asked.sorted(by: { $0.key < $1.key }) {
            guard let candidate = own[name], try isCompatible(candidate, with: method, nesting: nesting + 1) else {
                throw fault(.incompatibleTrait(expected: wanted, found: trait))
            }
        }
        compatibleTraits.insert(pair)
    }

    private mutating func isCompatible(
        _ method: MethodSignature, with wanted: MethodSignature, nesting: Int
    ) throws(CheckFault) -> Bool {
        guard method.parameters.count == wanted.parameters.count else { return false }
        do {
            for (own, asked) in zip(method.parameters, wanted.parameters) {
                try check(own, fits: asked, nesting: nesting)
            }
            try check(method.returns, fits: wanted.returns, nesting: nesting)
            return true
        } catch {
            if case .costBalanceExceeded = error.reason { throw error }
            return false
        }
    }

    /// The methods of a trait, wherever it is defined.
    private func definition(of trait: TraitIdentifier) throws(CheckFault) -> TraitDefinition {
        if let known = analysis.knownTraits[trait] { return known }
        let found = trait.contract == analysis.identifier ? nil : try definedTrait(trait)
        guard let found else { throw fault(.noSuchTrait(contract: "\(trait.contract)", trait: trait.name.text)) }
        return found
    }
}
