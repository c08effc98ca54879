// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// The name of a channel: a digest of its terms that binds it to one chain and one contract for life.
///
/// - Unit: 32 bytes; in text `0x` and 64 lower-case digits.
public struct ChannelID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let hash: Hash32

    public init(_ hash: Hash32) { self.hash = hash }

    /// Reads `0x` and 64 digits of either case; anything else is `nil`.
    public init?(hex text: String) {
        guard let hash = Hash32(hex: text) else { return nil }
        self.hash = hash
    }

    public static func < (left: Self, right: Self) -> Bool { left.hash < right.hash }

    public var description: String { hash.hex }
}
