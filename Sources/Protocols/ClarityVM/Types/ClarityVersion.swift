// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The edition of the Clarity language a contract is written in.
///
/// A contract names its edition when it is deployed and keeps it for ever: the same words may mean something else, or
/// nothing, in another.
///
/// - Source: SIP-015 (Clarity 2), SIP-021 (Clarity 3), SIP-033 (Clarity 4).
public enum ClarityVersion: UInt8, Hashable, Comparable, CaseIterable, Sendable {
    case clarity1 = 1
    case clarity2 = 2
    case clarity3 = 3
    case clarity4 = 4

    /// Orders by age.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
