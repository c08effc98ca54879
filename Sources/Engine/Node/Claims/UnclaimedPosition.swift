// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What an ``UnclaimedIndex`` has to know of a channel, whatever its scheme is.
public struct UnclaimedPosition: Hashable, Sendable {
    public var terms: ClaimTerms
    /// What a claim would book now.
    public var unclaimed: Amount
    /// What was claimed, in all.
    public var captured: Amount
    public var isWithdrawing: Bool
    /// When it was last paid into; a moment no later than that does as well.
    public var paidAt: Instant

    public init(
        terms: ClaimTerms, unclaimed: Amount, captured: Amount, isWithdrawing: Bool, paidAt: Instant
    ) {
        self.terms = terms
        self.unclaimed = unclaimed
        self.captured = captured
        self.isWithdrawing = isWithdrawing
        self.paidAt = paidAt
    }
}
