// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What came of a payer's wish to take money out.
public struct WithdrawalReceipt: Hashable, Sendable {
    public let transaction: TransactionID
    /// What was asked for, or what was paid.
    public let amount: Amount
    public let snapshot: ChannelSnapshot
    public init(transaction: TransactionID, amount: Amount, snapshot: ChannelSnapshot) {
        self.transaction = transaction
        self.amount = amount
        self.snapshot = snapshot
    }
}
