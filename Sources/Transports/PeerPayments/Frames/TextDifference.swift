// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// How a text differs from another: all but one stretch is the same.
///
/// What payers send is the same from payment to payment (the offer, the terms, the channel) but for a sum and a proof.
public struct TextDifference: Hashable, Sendable {
    /// How many bytes at the beginning are the base's.
    public var prefix: Int
    /// How many bytes at the end are the base's.
    public var suffix: Int
    /// What stands between them.
    public var middle: [UInt8]

    public init(prefix: Int, suffix: Int, middle: [UInt8]) {
        self.prefix = prefix
        self.suffix = suffix
        self.middle = middle
    }

    /// What makes `text` out of `base`, with as little in the middle as can be.
    public init(from base: [UInt8], to text: [UInt8]) {
        let shorter = min(base.count, text.count)
        let (old, new) = (base.span, text.span)
        var prefix = 0
        while prefix < shorter, old[prefix] == new[prefix] { prefix += 1 }
        var suffix = 0
        while suffix < shorter - prefix, old[base.count - 1 - suffix] == new[text.count - 1 - suffix] { suffix += 1 }
        self.init(prefix: prefix, suffix: suffix, middle: Array(text[prefix..<(text.count - suffix)]))
    }

    /// The text itself.
    ///
    /// - Returns: `nil` when the base is shorter than it says.
    public func applied(to base: [UInt8]) -> [UInt8]? {
        guard prefix >= 0, suffix >= 0, prefix <= base.count, suffix <= base.count - prefix else { return nil }
        return [UInt8](unsafeUninitializedCapacity: prefix + middle.count + suffix) { buffer, count in
            base.withUnsafeBufferPointer { base in
                _ = buffer[..<prefix].update(fromContentsOf: base[..<prefix])
                _ = buffer[(prefix + middle.count)...].update(fromContentsOf: base[(base.count - suffix)...])
            }
            _ = buffer[prefix..<(prefix + middle.count)].update(fromContentsOf: middle)
            count = prefix + middle.count + suffix
        }
    }
}
