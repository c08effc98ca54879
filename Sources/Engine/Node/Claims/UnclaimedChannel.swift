// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// A channel in which something was earned that was not claimed yet.
public struct UnclaimedChannel: Identifiable, Hashable, Sendable {
    public let id: ChannelID
    public let terms: ClaimTerms
    /// What a claim would book now; above zero.
    public var amount: Amount
    /// No later than the oldest charge in `amount`, as far as is known.
    public var since: Instant
    /// Whether the payer waits for its money: what is not claimed before the delay is over may be gone.
    public var isWithdrawing: Bool
    /// How often in a row the settlement would not have the row.
    public var refusals: Int
    /// When it may be tried again; `nil` when it was not refused.
    public var retryAt: Instant?

    public init(
        id: ChannelID, terms: ClaimTerms, amount: Amount, since: Instant, isWithdrawing: Bool = false,
        refusals: Int = 0, retryAt: Instant? = nil
    ) {
        self.id = id
        self.terms = terms
        self.amount = amount
        self.since = since
        self.isWithdrawing = isWithdrawing
        self.refusals = refusals
        self.retryAt = retryAt
    }

    /// Whether the row may be sent, or waits because it was refused.
    ///
    /// It never waits for longer than an hour: the clock that set its time may have been ahead.
    public func isReady(at now: Instant) -> Bool {
        retryAt.map { $0 <= now || $0.seconds(since: now) > longestPause } ?? true
    }

    /// How long a row that was refused waits at most: an hour, and a quarter of the withdrawal's delay; a quarter of an
    /// hour where the terms have none.
    ///
    /// - Unit: seconds.
    var longestPause: Int64 {
        terms.withdrawDelay == 0 ? 900 : min(3600, Int64(clamping: terms.withdrawDelay / 4))
    }

    /// Most at risk first: payers that are leaving, then the largest sums, then the oldest.
    static func isMoreAtRisk(_ left: Self, _ right: Self) -> Bool {
        if left.isWithdrawing != right.isWithdrawing { return left.isWithdrawing }
        if left.amount != right.amount { return left.amount > right.amount }
        if left.since != right.since { return left.since < right.since }
        return left.id < right.id
    }
}
