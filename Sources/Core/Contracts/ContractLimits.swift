// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What whoever runs a ledger allows in its channels, and takes for it.
///
/// A channel that is open stays as it is when they change.
public struct ContractLimits: Hashable, Sendable {
    /// The least that may be in a channel when it opens.
    public var minimum: Amount
    /// The most that may ever be in a channel.
    public var maximum: Amount
    /// In how many open channels of one kind an account may have money; `nil` for any number.
    public var openChannels: Int?
    /// What whoever opens a channel pays for it, once and on top of what it deposits.
    public var fee: Amount
    /// To whom the fee goes.
    public var feeReceiver: Address

    public init(
        minimum: Amount = .zero, maximum: Amount = .max, openChannels: Int? = nil, fee: Amount = .zero,
        feeReceiver: Address = .zero
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.openChannels = openChannels
        self.fee = fee
        self.feeReceiver = feeReceiver
    }

    /// Anything goes, and costs nothing.
    public static let none = ContractLimits()
}
