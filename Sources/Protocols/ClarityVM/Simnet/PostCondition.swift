// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// What a transaction may move at most, or must move: otherwise it is undone.
///
/// - Source: SIP-005, "Transaction post-conditions".
public struct PostCondition: Hashable, Sendable {
    /// Whose assets are meant.
    public enum Owner: Hashable, Sendable {
        /// Whoever signed the transaction.
        case origin
        case principal(Principal)
    }

    /// How the amount that left the owner compares to the one that is named.
    public enum Comparison: UInt8, Hashable, Sendable {
        case equal = 1
        case greater = 2
        case greaterOrEqual = 3
        case less = 4
        case lessOrEqual = 5

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

    /// Whether a token that is no sum leaves the owner.
    public enum Movement: UInt8, Hashable, Sendable {
        case sent = 0x10
        case notSent = 0x11
        /// It may or may not (SIP-040): the condition only covers it.
        case maybeSent = 0x12
    }

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
