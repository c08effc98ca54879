// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// Which tokens a payee was shown: a window over the indices, as against replayed packets.
///
/// Every index below the floor counts as shown, and of those above it a bitmap tells. An index beyond the window moves
/// it up, and what falls out below counts as shown, whether it was or not. So it stays small whatever is shown, no token
/// counts twice, and a payer that spends in ascending order loses none.
///
/// - Source: RFC 4303, section 3.4.3.
public struct SeenTokens: Hashable, Sendable {
    /// How many indices the bitmap covers.
    public static let width: UInt32 = 1024

    /// The first index that was not shown for certain.
    public private(set) var floor: UInt32 = 0
    /// Bit `i % 64` of word `i / 64` is that of index `floor + i`; bit 0 is never set.
    ///
    /// Empty when no bit is set, as with tokens that come in their order: then a window takes no memory of its own.
    private var words: [UInt64] = []
    /// Whether nothing was shown.
    private var isEmpty: Bool { floor == 0 && words.isEmpty }

    private static let wordCount = Int(width) / UInt64.bitWidth

    public init() {}

    public func contains(_ index: UInt32) -> Bool {
        guard index >= floor else { return true }
        let place = Int(index - floor)
        guard !words.isEmpty, place < Int(Self.width) else { return false }
        return words[place / 64] & 1 << UInt64(place % 64) != 0
    }

    /// Takes an index in.
    ///
    /// With the first the window starts, since a payee's tokens may stand anywhere in the tree.
    ///
    /// - Returns: Whether it was not there before.
    @discardableResult
    public mutating func insert(_ index: UInt32) -> Bool {
        if isEmpty { floor = index }
        guard !contains(index) else { return false }
        if words.isEmpty {
            if index == floor {
                floor += 1
                return true
            }
            words = [UInt64](repeating: 0, count: Self.wordCount)
        }
        if index - floor >= Self.width { rise(by: index - floor - Self.width + 1) }
        let place = Int(index - floor)
        words[place / 64] |= 1 << UInt64(place % 64)
        riseAboveShown()
        if words.allSatisfy({ $0 == 0 }) { words = [] }
        return true
    }

    /// Moves the floor to the first index whose bit is not set.
    private mutating func riseAboveShown() {
        var count: UInt32 = 0
        for word in words {
            count += UInt32((~word).trailingZeroBitCount)
            if word != .max { break }
        }
        if count > 0 { rise(by: count) }
    }

    private mutating func rise(by count: UInt32) {
        floor += count
        guard count < Self.width else {
            words = [UInt64](repeating: 0, count: Self.wordCount)
            return riseAboveShown()
        }
        let (whole, bits) = (Int(count) / 64, UInt64(count % 64))
        for index in words.indices {
            let low = index + whole < words.count ? words[index + whole] : 0
            let high = index + whole + 1 < words.count ? words[index + whole + 1] : 0
            words[index] = bits == 0 ? low : low >> bits | high << (64 - bits)
        }
        riseAboveShown()
    }
}

// MARK: - Stored form

extension FixedByteWriter {
    /// How many bytes a window takes: the floor, and then the words.
    static let seenTokensCount = 4 + Int(SeenTokens.width) / 8

    mutating func write(_ seen: SeenTokens) { seen.write(to: &self) }
}

extension ByteReader {
    /// Refuses windows that reach beyond the last token, or whose floor could be higher.
    mutating func seenTokens(of tokenCount: UInt32) throws(StoredFormError) -> SeenTokens {
        try SeenTokens(from: &self, tokenCount: tokenCount)
    }
}

extension SeenTokens {
    fileprivate func write(to writer: inout FixedByteWriter) {
        writer.write(floor)
        for index in 0..<Self.wordCount { writer.write(words.isEmpty ? 0 : words[index]) }
    }

    fileprivate init(from reader: inout ByteReader, tokenCount: UInt32) throws(StoredFormError) {
        floor = try reader.uint32()
        var words = [UInt64](repeating: 0, count: Self.wordCount)
        for index in words.indices { words[index] = try reader.uint64() }
        guard floor <= tokenCount, words[0] & 1 == 0 else { throw .damaged }
        if let last = words.lastIndex(where: { $0 != 0 }) {
            let highest = UInt64(floor) + UInt64(last * 64 + 63 - words[last].leadingZeroBitCount)
            guard highest < tokenCount else { throw .damaged }
            self.words = words
        }
    }
}
