// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives

/// Which tokens of a channel were redeemed: one bit for each index.
///
/// The bits are kept in words of 256, as a contract keeps them in a mapping, and a word in which no bit is set is not
/// kept at all. So it stays small while few tokens are spent.
public struct SpentTokens: Hashable, Sendable {
    /// Bit `index % 256` of word `index / 256`, the lowest bit of a big-endian number first.
    ///
    /// No word is zero.
    private var words: [UInt32: Hash32] = [:]
    /// How many are spent.
    public private(set) var count = 0

    public init() {}

    public func contains(_ index: UInt32) -> Bool {
        guard let word = words[index / Self.wordWidth] else { return false }
        return word.withBytes { $0[Self.byte(of: index)] & Self.mask(of: index) != 0 }
    }

    /// Sets the bit of a token.
    ///
    /// - Returns: Whether it was not spent before.
    @discardableResult
    public mutating func insert(_ index: UInt32) -> Bool {
        guard !contains(index) else { return false }
        let word = words[index / Self.wordWidth] ?? .zero
        words[index / Self.wordWidth] = Hash32 { bytes in
            word.withBytes { bytes.copyMemory(from: $0) }
            bytes[Self.byte(of: index)] |= Self.mask(of: index)
        }
        count += 1
        return true
    }

    private static let wordWidth: UInt32 = 256

    private static func byte(of index: UInt32) -> Int { Int((wordWidth - 1 - index % wordWidth) / 8) }

    private static func mask(of index: UInt32) -> UInt8 { 1 << UInt8(index % 8) }
}

// MARK: - Stored form

extension ByteWriter {
    /// The number of words, and each word behind its own number, in ascending order.
    public mutating func write(_ spent: SpentTokens) { spent.write(to: &self) }
}

extension ByteReader {
    /// Refuses words that are out of order or zero, so that there is one form of each value.
    ///
    /// - Parameter tokenCount: How many tokens there are; no other bit may be set.
    public mutating func spentTokens(of tokenCount: UInt32) throws(StoredFormError) -> SpentTokens {
        try SpentTokens(from: &self, tokenCount: tokenCount)
    }
}

extension SpentTokens {
    fileprivate func write(to writer: inout ByteWriter) {
        writer.write(UInt32(words.count))
        for (number, word) in words.sorted(by: { $0.key < $1.key }) {
            writer.write(number)
            writer.write(word)
        }
    }

    fileprivate init(from reader: inout ByteReader, tokenCount: UInt32) throws(StoredFormError) {
        var last: UInt32?
        for _ in 0..<(try reader.uint32()) {
            let (number, word) = (try reader.uint32(), try reader.hash())
            guard last.map({ number > $0 }) ?? true, let highest = Self.highestBit(of: word),
                UInt64(number) * UInt64(Self.wordWidth) + highest < tokenCount
            else { throw .damaged }
            words[number] = word
            count += word.withBytes { $0.reduce(0) { $0 + $1.nonzeroBitCount } }
            last = number
        }
    }

    /// - Returns: `nil` when no bit is set.
    private static func highestBit(of word: Hash32) -> UInt64? {
        word.withBytes { bytes in
            bytes.firstIndex { $0 != 0 }.map { UInt64((31 - $0) * 8 + 7 - bytes[$0].leadingZeroBitCount) }
        }
    }
}
