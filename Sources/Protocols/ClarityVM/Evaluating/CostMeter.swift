// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How much a transaction may still do.
///
/// The model is simple on purpose. One unit is one application of a function or word; words that go through bytes or
/// entries cost one unit more for each 32 bytes or each entry, and the costly hashes and curves a fixed number. A unit
/// takes well under a microsecond, and no unit makes more than some sixty bytes of new values, so that time and memory
/// of a transaction are bounded together.
///
/// - Unit: applications of words, of about 100 nanoseconds each.
/// - Source: none outside; a node counts five dimensions (SIP-006), which it is no aim to reproduce.
public struct CostMeter: Hashable, Sendable {
    /// What a transaction may use, unless told otherwise.
    public static let defaultLimit = 5_000_000

    /// What is left.
    public private(set) var remaining: Int
    private let limit: Int

    /// - Parameter limit: Units; negative is 0.
    public init(limit: Int = defaultLimit) {
        self.limit = max(limit, 0)
        remaining = self.limit
    }

    /// What was used.
    public var used: Int { limit - max(remaining, 0) }

    mutating func charge(_ units: Int) throws(Interruption) {
        remaining -= units
        if remaining < 0 { throw .fault(.costBalanceExceeded) }
    }

    /// Charges for going through so many bytes.
    mutating func charge(bytes: Int) throws(Interruption) { try charge(bytes / 32) }
}
