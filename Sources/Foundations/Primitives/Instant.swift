// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A moment, told by the caller, because schemes never read a clock.
///
/// - Unit: whole seconds since 1970-01-01 00:00 UTC.
/// - Range: any `Int64`; sums are held at the ends instead of wrapping round.
public struct Instant: Hashable, Comparable, Sendable {
    public let unixSeconds: Int64

    public init(unixSeconds: Int64) { self.unixSeconds = unixSeconds }

    public static func < (left: Self, right: Self) -> Bool { left.unixSeconds < right.unixSeconds }

    /// The moment so many seconds later, or earlier when negative.
    public func advanced(bySeconds seconds: Int64) -> Instant {
        let (sum, overflow) = unixSeconds.addingReportingOverflow(seconds)
        return Instant(unixSeconds: overflow ? (seconds > 0 ? .max : .min) : sum)
    }

    /// How many seconds lie between `earlier` and this moment; negative when `earlier` is later.
    public func seconds(since earlier: Instant) -> Int64 {
        let (difference, overflow) = unixSeconds.subtractingReportingOverflow(earlier.unixSeconds)
        return overflow ? (unixSeconds >= 0 ? .max : .min) : difference
    }
}
