// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How transactions are priced and waited for.
public struct SendingPolicy: Hashable, Sendable {
    /// How many blocks must hold a transaction, its own among them, before it counts.
    ///
    /// - Range: 1 and up; less counts as 1.
    public var confirmations: UInt64
    /// How often the chain is asked what became of a transaction.
    public var pollInterval: Duration
    /// How long a transaction may wait to be mined before it is sent again for a higher fee.
    public var patience: Duration
    /// How long is waited in all; the transaction goes on, and whoever sent it asks again.
    public var giveUpAfter: Duration
    /// The most that a unit of gas may cost.
    ///
    /// - Unit: wei. While the chain asks for more, nothing is sent.
    public var highestFee: UInt128
    /// The least that is offered to the block's maker.
    ///
    /// - Unit: wei for a unit of gas.
    public var lowestTip: UInt128

    public init(
        confirmations: UInt64 = 2, pollInterval: Duration = .seconds(2), patience: Duration = .seconds(45),
        giveUpAfter: Duration = .seconds(600), highestFee: UInt128 = 500_000_000_000, lowestTip: UInt128 = 1_000_000
    ) {
        self.confirmations = max(confirmations, 1)
        self.pollInterval = pollInterval
        self.patience = patience
        self.giveUpAfter = giveUpAfter
        self.highestFee = highestFee
        self.lowestTip = lowestTip
    }
}
