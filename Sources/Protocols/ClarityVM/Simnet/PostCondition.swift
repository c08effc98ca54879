// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a transaction may move at most, or must move: otherwise it is undone.
///
/// - Source: SIP-005, "Transaction post-conditions".
public struct PostCondition: Hashable, Sendable {
    public typealias Owner = StacksTransaction.PostCondition.Owner
    public typealias Comparison = StacksTransaction.PostCondition.Comparison
    public typealias Movement = StacksTransaction.PostCondition.Movement

    /// What is counted.
    public enum Asset: Hashable, Sendable {
        /// Micro-STX, sent or burnt.
        case stx(Comparison, UInt128)
        /// Units of a token, sent or burnt.
        case fungible(AssetIdentifier, Comparison, UInt128)
        case nonFungible(AssetIdentifier, value: ClarityValue, Movement)
    }

    public let owner: Owner
    public let asset: Asset

    public init(_ owner: Owner, _ asset: Asset) {
        self.owner = owner
        self.asset = asset
    }
}

extension StacksTransaction.PostCondition.Comparison {
    func holds(_ sent: UInt128, _ amount: UInt128) -> Bool {
        switch self {
        case .equal: sent == amount
        case .greater: sent > amount
        case .greaterOrEqual: sent >= amount
        case .less: sent < amount
        case .lessOrEqual: sent <= amount
        }
    }
}
