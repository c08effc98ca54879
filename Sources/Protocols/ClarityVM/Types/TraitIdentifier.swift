// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The full name of a trait: the contract that defines it, and what it calls it.
public struct TraitIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// The contract that defines the trait.
    public let contract: ContractIdentifier
    /// What that contract calls it.
    public let name: ClarityName

    /// The trait that this contract calls so.
    public init(contract: ContractIdentifier, name: ClarityName) {
        self.contract = contract
        self.name = name
    }

    /// Contract and name with a dot between, as the node prints them.
    public var description: String { "\(contract).\(name)" }
}
