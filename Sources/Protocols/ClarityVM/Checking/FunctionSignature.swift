// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a function takes and what it answers.
public struct FunctionSignature: Hashable, Sendable {
    /// A parameter of a function.
    public struct Parameter: Hashable, Sendable {
        public let name: ClarityName
        public let type: ClarityType

        public init(name: ClarityName, type: ClarityType) {
            self.name = name
            self.type = type
        }
    }

    public let parameters: [Parameter]
    public let returns: ClarityType

    public init(parameters: [Parameter], returns: ClarityType) {
        self.parameters = parameters
        self.returns = returns
    }
}

/// What a method of a trait takes and what it answers; the parameters have no names.
public struct MethodSignature: Hashable, Sendable {
    public let parameters: [ClarityType]
    public let returns: ClarityType

    public init(parameters: [ClarityType], returns: ClarityType) {
        self.parameters = parameters
        self.returns = returns
    }

    init(_ function: FunctionSignature) {
        self.init(parameters: function.parameters.map(\.type), returns: function.returns)
    }

    /// How much work it is to look at all of it.
    var weight: Int { parameters.reduce(1 + returns.weight) { $0 + $1.weight } }
}

/// A trait: the methods that a contract must have to fulfil it.
public typealias TraitDefinition = [ClarityName: MethodSignature]
