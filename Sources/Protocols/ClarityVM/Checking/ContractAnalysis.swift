// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What the static check found out about a contract: all that other contracts, and whoever calls it, need to know.
public struct ContractAnalysis: Sendable {
    /// The types of a map's keys and values.
    public struct MapType: Hashable, Sendable {
        /// What entries are found by.
        public let key: ClarityType
        /// What is kept.
        public let value: ClarityType
    }

    /// Which contract it is.
    public let identifier: ContractIdentifier
    /// The edition of the language that it is written in.
    public let version: ClarityVersion
    /// The functions that transactions and other contracts may call, and that may write.
    public internal(set) var publicFunctions: [ClarityName: FunctionSignature] = [:]
    /// The functions that anybody may call, and that only read.
    public internal(set) var readOnlyFunctions: [ClarityName: FunctionSignature] = [:]
    /// The functions that only the contract itself may call.
    public internal(set) var privateFunctions: [ClarityName: FunctionSignature] = [:]
    /// The constants, with their types.
    public internal(set) var constants: [ClarityName: ClarityType] = [:]
    /// The variables that are kept, with their types.
    public internal(set) var dataVariables: [ClarityName: ClarityType] = [:]
    /// The maps that are kept.
    public internal(set) var maps: [ClarityName: MapType] = [:]
    /// The tokens that are counted.
    public internal(set) var fungibleTokens: Set<ClarityName> = []
    /// The tokens that are told apart, with the type of what tells them apart.
    public internal(set) var nonFungibleTokens: [ClarityName: ClarityType] = [:]
    /// The traits that the contract defines itself.
    public internal(set) var definedTraits: [ClarityName: TraitDefinition] = [:]
    /// The traits that it promises to fulfil, in the order of the text.
    public internal(set) var implementedTraits: [TraitIdentifier] = []
    /// The traits that the contract calls by a short name, its own and those that it imports.
    public internal(set) var traitNames: [ClarityName: TraitIdentifier] = [:]
    /// The definitions of the traits that it defines or imports.
    public internal(set) var knownTraits: [TraitIdentifier: TraitDefinition] = [:]
    /// For each `contract-call?` that goes through a trait reference, by the expression's id: the trait.
    public internal(set) var callTraits: [Int: TraitIdentifier] = [:]
    /// The top-level expressions, in the order in which they are evaluated.
    public let expressions: [Expression]
    /// The type of the last top-level expression, or `nil` when that is a definition or there is none.
    public internal(set) var lastType: ClarityType?

    init(_ syntax: ContractSyntax) {
        identifier = syntax.identifier
        version = syntax.version
        expressions = syntax.expressions
        traitNames = syntax.traits
    }

    /// The function that other contracts may call by this name.
    public func callableFunction(_ name: ClarityName) -> FunctionSignature? {
        publicFunctions[name] ?? readOnlyFunctions[name]
    }

    /// The function of this name, whoever may call it.
    public func function(_ name: ClarityName) -> FunctionSignature? {
        publicFunctions[name] ?? privateFunctions[name] ?? readOnlyFunctions[name]
    }

    /// Sees to it that the contract has all methods of a trait.
    ///
    /// - Throws: ``CheckReason/badTraitImplementation(trait:method:)``.
    public func checkCompliance(with trait: TraitIdentifier, _ definition: TraitDefinition) throws(CheckReason) {
        for (name, method) in definition.sorted(by: { $0.key < $1.key }) {
            let fault = CheckReason.badTraitImplementation(trait: trait.name.text, method: name.text)
            guard let function = callableFunction(name), function.parameters.count == method.parameters.count else {
                throw fault
            }
            for (own, asked) in zip(function.parameters, method.parameters) {
                guard try own.type.admits(asked) else { throw fault }
            }
            guard try method.returns.admits(function.returns) else { throw fault }
        }
    }
}
