// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a contract call can be made through: a contract that is known by name, or whatever fulfils a trait.
public enum Callable: Hashable, Sendable, CustomStringConvertible {
    /// A contract that stands in the program text, and whose functions the checker can look up.
    case contract(ContractIdentifier)
    /// Any contract that implements the trait.
    case trait(TraitIdentifier)

    /// The type as the node prints it.
    public var description: String {
        switch self {
        case .contract(let contract): "(principal \(contract))"
        case .trait(let identifier): "<\(identifier)>"
        }
    }
}
