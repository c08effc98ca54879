// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a method of a trait takes and what it answers; the parameters have no names.
public struct MethodSignature: Hashable, Sendable {
    /// What the method takes, in order.
    public let parameters: [ClarityType]
    /// What it answers: a response.
    public let returns: ClarityType

    /// The signature of a method that takes and answers this.
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
