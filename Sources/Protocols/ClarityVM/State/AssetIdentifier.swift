// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// Which token: the contract that defines it, and what it calls it.
public struct AssetIdentifier: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let contract: ContractIdentifier
    public let name: ClarityName

    public init(contract: ContractIdentifier, name: ClarityName) {
        self.contract = contract
        self.name = name
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.contract == right.contract ? left.name < right.name : left.contract < right.contract
    }

    /// `ADDRESS.contract::token`.
    public var description: String { "\(contract)::\(name)" }
}
