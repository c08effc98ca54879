// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The clock that gives every local write a state of its own.
///
/// A write takes the millisecond; more writes within one are 1/999 of one apart, as GUN's own.
public struct GunClock: Sendable {
    private var last = -Double.infinity
    private var count = 0

    /// - Unit: milliseconds that a clock may be put right by while states go on.
    private static let longestFall = 1000.0

    public init() {}

    /// The state for a write at this time.
    ///
    /// Never the same twice, and never less than before, unless the clock falls back by more than a second: it was wrong
    /// then, and states of a time that is still to come would wait at the relays for it.
    ///
    /// - Parameter now: Milliseconds since 1970.
    public mutating func next(at now: Double) -> GunState {
        let whole = now.rounded(.down)
        if whole > last || whole < last - Self.longestFall {
            last = whole
            count = 0
            return GunState(finite: whole)
        }
        count += 1
        if count == 999 {
            last += 1
            count = 0
            return GunState(finite: last)
        }
        return GunState(finite: last + Double(count) / 999)
    }
}
