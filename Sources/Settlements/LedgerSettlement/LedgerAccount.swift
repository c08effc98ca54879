// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What one account holds of one token.
public struct LedgerAccount: Hashable, Sendable {
    public let owner: Address
    public let token: Address
    public let balance: Amount
    public init(owner: Address, token: Address, balance: Amount) {
        self.owner = owner
        self.token = token
        self.balance = balance
    }
}
