// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What a claim has to know of a channel's terms; the same for nearly all channels of a payee.
public struct ClaimTerms: Hashable, Sendable {
    /// Who is paid.
    public var receiver: Address
    /// Whose signature a claim carries: rows of one claim have the same.
    public var receiverAuthorizer: Address
    public var token: Address
    /// How long a payer that is leaving waits for its money.
    ///
    /// - Unit: seconds.
    public var withdrawDelay: UInt64

    public init(receiver: Address, receiverAuthorizer: Address, token: Address, withdrawDelay: UInt64) {
        self.receiver = receiver
        self.receiverAuthorizer = receiverAuthorizer
        self.token = token
        self.withdrawDelay = withdrawDelay
    }
}
