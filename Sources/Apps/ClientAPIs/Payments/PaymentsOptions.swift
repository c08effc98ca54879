// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// How ``Payments`` opens channels.
public struct PaymentsOptions: Sendable {
    /// For how many blocks an end that the sender asks for may be disputed, in channels that are opened here.
    ///
    /// A contract on a chain has one period for all its channels, which counts there.
    ///
    /// - Range: 500 through 500,000.
    public var challengeBlocks: UInt64
    /// For how long the leave to take a deposit is good.
    ///
    /// - Unit: seconds.
    public var fundingSeconds: UInt64
    /// Identities that have no key, and the accounts that pay and sign for them.
    public var underlyingAccounts: [Address: Address]
    /// Gives an account so many units of a token; `nil` when tokens cannot be had here.
    public var tokenSource: (@Sendable (_ account: Address, _ token: Address, _ amount: Amount) async throws -> Void)?
    /// Told of each record that cannot be read when channels are looked for in the store; the others are found.
    ///
    /// It may be told of the same one each time. A channel whose opening had no answer is not known again by such a
    /// record; ``Payments/loadChannel(from:to:since:)`` finds it where the money is.
    public var onUnreadable: @Sendable (_ channel: ChannelID, _ error: StoredFormError) -> Void

    public init(
        challengeBlocks: UInt64 = 500, fundingSeconds: UInt64 = 3600, underlyingAccounts: [Address: Address] = [:],
        tokenSource: (@Sendable (_ account: Address, _ token: Address, _ amount: Amount) async throws -> Void)? = nil,
        onUnreadable: @escaping @Sendable (_ channel: ChannelID, _ error: StoredFormError) -> Void = { _, _ in }
    ) {
        self.challengeBlocks = challengeBlocks
        self.fundingSeconds = fundingSeconds
        self.underlyingAccounts = underlyingAccounts
        self.tokenSource = tokenSource
        self.onUnreadable = onUnreadable
    }
}
