// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The set of consensus rules that a block is processed under.
///
/// - Source: SIP-015, SIP-021, SIP-029, SIP-033.
public enum Epoch: UInt8, Hashable, Comparable, CaseIterable, Sendable {
    case epoch20 = 0x00
    case epoch205 = 0x05
    case epoch21 = 0x0a
    case epoch22 = 0x0f
    case epoch23 = 0x14
    case epoch24 = 0x19
    case epoch25 = 0x1a
    case epoch30 = 0x20
    case epoch31 = 0x21
    case epoch32 = 0x22
    case epoch33 = 0x23

    /// Orders by age.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The epoch in which contracts of `version` are usually checked: the one that its first users knew.
    public init(of version: ClarityVersion) {
        self =
            switch version {
            case .clarity1: .epoch205
            case .clarity2: .epoch24
            case .clarity3: .epoch31
            case .clarity4: .epoch33
            }
    }
}
