// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The name of a member, as it is looked for in bytes.
public struct MemberName: Sendable {
    private let bytes: [UInt8]
    public init(_ name: StaticString) { bytes = name.withUTF8Buffer { Array($0) } }

    public func matches(_ range: Range<Int>, in text: Span<UInt8>) -> Bool {
        guard range.count == bytes.count else { return false }
        for (offset, byte) in bytes.enumerated() where text[range.lowerBound + offset] != byte { return false }
        return true
    }
}
