// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// One of the two parties of a two-way channel.
///
/// They have the same rights; the terms say who is which.
public enum TwoWaySide: UInt8, Hashable, Sendable, CaseIterable {
    case first
    case second

    public var other: TwoWaySide { self == .first ? .second : .first }
}
