// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The clock that gives every local write a state of its own.
///
/// A write takes the millisecond; more writes within one are 1/999 of one apart, as GUN's own.
public struct GunClock: Sendable {
    private var last = -Double.infinity
    private var count = 0

    public init() {}

    /// The state for a write at this time.
    ///
    /// Never the same twice, and never less than before, even when the clock is set back.
    ///
    /// - Parameter now: Milliseconds since 1970.
    public mutating func next(at now: Double) -> GunState {
        let whole = now.rounded(.down)
        if whole > last {
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
