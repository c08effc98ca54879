// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// Where the texts of a flat object stand, found in one pass without a JSON value in between.
public struct PlainTexts: Sendable {
    /// How many members it can find.
    public static let most = 8

    private var ranges = InlineArray<8, Range<Int>>(repeating: 0..<0)

    /// Reads an object that has exactly these members, in any order, each of them a text, and steps over it.
    ///
    /// - Parameter names: At most ``most``.
    /// - Returns: `nil` when there is anything else in it, or anything wrong with it.
    public init?(_ names: [MemberName], _ cursor: inout JSONCursor, in bytes: Span<UInt8>) {
        var seen = 0
        guard names.count <= Self.most, cursor.takes(UInt8(ascii: "{"), in: bytes) else { return nil }
        repeat {
            guard let name = cursor.string(in: bytes), cursor.takes(UInt8(ascii: ":"), in: bytes),
                let index = names.firstIndex(where: { $0.matches(name, in: bytes) }), seen & 1 << index == 0,
                let range = cursor.string(in: bytes)
            else { return nil }
            seen |= 1 << index
            ranges[index] = range
        } while cursor.takes(UInt8(ascii: ","), in: bytes)
        guard cursor.takes(UInt8(ascii: "}"), in: bytes), seen == 1 << names.count - 1 else { return nil }
    }

    /// Where the text of the name at this index stands, without its quotes.
    public subscript(_ index: Int) -> Range<Int> { ranges[index] }
}
