// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// How far a payer may sign ahead of what it was charged, so that several requests are answered on one channel at once.
///
/// - Source: `Specs/sign-ahead.md`, an extension of x402 v2 of our own.
public struct SigningAhead: Hashable, Sendable {
    /// How many requests may be in flight on one channel.
    ///
    /// - Range: 1 through 256.
    public let maximum: Int
    /// How far a ceiling may be above what was charged.
    ///
    /// - Unit: atomic units of the channel's token.
    public let window: Amount

    /// How far a ceiling may be below what was charged.
    ///
    /// Farther than above, since a request may be held up on its way while others overtake it.
    var reachBack: Amount { window.multiplied(by: 4) ?? .max }

    public init(maximum: Int, window: Amount) {
        self.maximum = min(max(maximum, 1), 256)
        self.window = window
    }

    /// The same with no more requests than so many.
    ///
    /// - Returns: `nil` when that leaves one, which is signed exactly.
    public func held(to most: Int) -> SigningAhead? {
        let maximum = min(maximum, most)
        return maximum > 1 ? SigningAhead(maximum: maximum, window: window) : nil
    }
}
