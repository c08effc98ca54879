// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// What was spent so far in one token on one network.
///
/// A payment that is under way, or whose outcome is unknown, counts at its full price: only so can two payments at
/// the same time not both take the last of a limit.
///
/// - Unit: atomic units of the token that is about to be paid in.
public struct SpendingTotals: Hashable, Sendable {
    /// To this host in the last 24 hours.
    public var toHostToday: Amount
    /// To all hosts in the last 24 hours.
    public var today: Amount
    /// To all hosts in the last 60 seconds.
    public var lastMinute: Amount
    /// To all hosts since the books were begun.
    public var ever: Amount
    /// To this host since the books were begun.
    public var toHostEver: Amount
    /// What lies unspent in all channels, without the deposit that is about to be made.
    public var lockedInAll: Amount
    /// Whether this host was paid, or approved, before.
    public var hostIsKnown: Bool

    public init(
        toHostToday: Amount = .zero, today: Amount = .zero, lastMinute: Amount = .zero, ever: Amount = .zero,
        toHostEver: Amount = .zero, lockedInAll: Amount = .zero, hostIsKnown: Bool = false
    ) {
        self.toHostToday = toHostToday
        self.today = today
        self.lastMinute = lastMinute
        self.ever = ever
        self.toHostEver = toHostEver
        self.lockedInAll = lockedInAll
        self.hostIsKnown = hostIsKnown
    }
}
