// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a function takes and what it answers.
public struct FunctionSignature: Hashable, Sendable {
    /// A parameter of a function.
    public struct Parameter: Hashable, Sendable {
        /// What the function calls it.
        public let name: ClarityName
        /// What may be given for it.
        public let type: ClarityType

        /// A parameter of this name and type.
        public init(name: ClarityName, type: ClarityType) {
            self.name = name
            self.type = type
        }
    }

    /// What the function takes, in order.
    public let parameters: [Parameter]
    /// What it answers.
    public let returns: ClarityType

    /// The signature of a function that takes and answers this.
    public init(parameters: [Parameter], returns: ClarityType) {
        self.parameters = parameters
        self.returns = returns
    }
}
