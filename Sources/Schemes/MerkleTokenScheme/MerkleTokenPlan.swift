// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingContracts
public import FarthingPrimitives

/// Who can be paid out of a Merkle-token channel, and in which tokens: it is fixed when the channel opens.
public struct MerkleTokenPlan: Hashable, Sendable {
    /// One payee's tokens, which stand side by side in the tree.
    public struct Share: Hashable, Sendable {
        public var payee: Address
        public var count: UInt32
        /// What each of them is worth.
        public var amount: Amount

        public init(payee: Address, count: UInt32, amount: Amount) {
            self.payee = payee
            self.count = count
            self.amount = amount
        }
    }

    /// In the order of their indices; each payee has one.
    public let shares: [Share]
    /// How many tokens there are in all.
    public let tokenCount: UInt32
    /// What the dearest token is worth, and so what is deposited for each.
    public let tokenAmount: Amount

    /// - Returns: `nil` when a payee is there twice, a share is empty or worth nothing, or there are too few tokens or
    ///   too many.
    public init?(_ shares: [Share]) {
        var count: UInt32 = 0
        for share in shares {
            guard share.count <= MerkleTokenTerms.tokenCounts.upperBound, share.count > 0, !share.amount.isZero else {
                return nil
            }
            count += share.count
            guard MerkleTokenTerms.tokenCounts.contains(count) else { return nil }
        }
        guard Set(shares.map(\.payee)).count == shares.count, let dearest = shares.map(\.amount).max() else {
            return nil
        }
        self.shares = shares
        tokenCount = count
        tokenAmount = dearest
    }
}
