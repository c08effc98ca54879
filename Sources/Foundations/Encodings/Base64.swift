// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Base64 by RFC 4648, strict both ways: every byte string has exactly one text, and no other text is accepted.
///
/// - Source: RFC 4648; sections 3.3 (foreign characters), 3.5 (canonical encoding), 4 and 5 (the two alphabets).
public enum Base64 {
    public enum Alphabet: Hashable, Sendable {
        /// Section 4: `+` and `/`, padded with `=` to a multiple of four. The x402 headers are written in it.
        case standard
        /// Section 5: `-` and `_`, without padding.
        case urlUnpadded
    }

    public static func encode(_ bytes: [UInt8], alphabet: Alphabet = .standard) -> String {
        encode(bytes.span, alphabet: alphabet)
    }

    public static func encode(_ bytes: Span<UInt8>, alphabet: Alphabet = .standard) -> String {
        let characters = alphabet.characters
        let rest = bytes.count % 3
        let wholes = bytes.count - rest
        let padding = rest == 0 || alphabet == .urlUnpadded ? 0 : 3 - rest
        let length = wholes / 3 * 4 + (rest == 0 ? 0 : rest + 1) + padding
        return bytes.withUnsafeBufferPointer { bytes in
            characters.withUnsafeBufferPointer { characters in
                String(unsafeUninitializedCapacity: length) { text in
                    var written = 0
                    var index = 0
                    while index < wholes {
                        let group =
                            UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
                        text[written] = characters[Int(group >> 18)]
                        text[written + 1] = characters[Int(group >> 12 & 63)]
                        text[written + 2] = characters[Int(group >> 6 & 63)]
                        text[written + 3] = characters[Int(group & 63)]
                        index += 3
                        written += 4
                    }
                    if rest > 0 {
                        let group = UInt32(bytes[wholes]) << 16 | (rest == 2 ? UInt32(bytes[wholes + 1]) << 8 : 0)
                        for place in 0...rest {
                            text[written + place] = characters[Int(group >> UInt32(18 - 6 * place) & 63)]
                        }
                        for place in 0..<padding { text[written + rest + 1 + place] = UInt8(ascii: "=") }
                    }
                    return length
                }
            }
        }
    }

    /// The bytes that this text stands for.
    ///
    /// - Parameter maximumBytes: How many bytes may come out; a longer text is refused before any of it is read.
    /// - Throws: ``DecodingError``; white space, the other alphabet's characters, missing or misplaced padding and
    ///   set bits after the last byte are all refused.
    public static func decode(
        _ text: String, alphabet: Alphabet = .standard, maximumBytes: Int
    ) throws(DecodingError) -> [UInt8] {
        let utf8 = text.utf8Span
        return try decode(utf8.span, alphabet: alphabet, maximumBytes: maximumBytes)
    }

    /// The bytes that this text, given in ASCII, stands for.
    ///
    /// - Parameter maximumBytes: How many bytes may come out; a longer text is refused before any of it is read.
    /// - Throws: ``DecodingError``; white space, the other alphabet's characters, missing or misplaced padding and
    ///   set bits after the last byte are all refused.
    public static func decode(
        _ text: Span<UInt8>, alphabet: Alphabet = .standard, maximumBytes: Int
    ) throws(DecodingError) -> [UInt8] {
        let count = alphabet == .standard ? try unpaddedCount(text) : text.count
        let rest = count % 4
        guard rest != 1 else { throw .badLength(text.count) }
        let wholes = count - rest
        let length = wholes / 4 * 3 + (rest == 0 ? 0 : rest - 1)
        guard length <= maximumBytes else { throw .tooLong(bytes: length, limit: maximumBytes) }

        let values = alphabet.values
        // Where a character is that stands for no value; behind the text when there is none.
        var foreign = text.count
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { bytes, written in
            text.withUnsafeBufferPointer { text in
                values.withUnsafeBufferPointer { values in
                    var index = 0
                    while index < wholes {
                        let (first, second) = (values[Int(text[index])], values[Int(text[index + 1])])
                        let (third, fourth) = (values[Int(text[index + 2])], values[Int(text[index + 3])])
                        guard first | second | third | fourth < 64 else {
                            foreign = index
                            return
                        }
                        let high = UInt32(first) << 18 | UInt32(second) << 12
                        let group = high | UInt32(third) << 6 | UInt32(fourth)
                        bytes[written] = UInt8(truncatingIfNeeded: group >> 16)
                        bytes[written + 1] = UInt8(truncatingIfNeeded: group >> 8)
                        bytes[written + 2] = UInt8(truncatingIfNeeded: group)
                        index += 4
                        written += 3
                    }
                }
            }
        }
        guard foreign == text.count else { throw fault(at: foreign, in: text, values: values) }
        guard rest > 0 else { return bytes }
        let group = try group(of: rest, at: wholes, in: text, values: values)
        guard group & (rest == 2 ? 0xFFFF : 0xFF) == 0 else { throw .trailingBits(at: count - 1) }
        let first = UInt8(truncatingIfNeeded: group >> 16)
        return bytes + (rest == 3 ? [first, UInt8(truncatingIfNeeded: group >> 8)] : [first])
    }

    /// How many characters stand before the padding.
    private static func unpaddedCount(_ text: Span<UInt8>) throws(DecodingError) -> Int {
        guard text.count.isMultiple(of: 4) else { throw .badLength(text.count) }
        guard text.count > 0, text[text.count - 1] == UInt8(ascii: "=") else { return text.count }
        return text[text.count - 2] == UInt8(ascii: "=") ? text.count - 2 : text.count - 1
    }

    /// Up to four characters as 24 bits, the first one highest; those that are not there count as zero.
    private static func group(
        of count: Int, at start: Int, in text: Span<UInt8>, values: [UInt8]
    ) throws(DecodingError) -> UInt32 {
        var group: UInt32 = 0
        var seen: UInt8 = 0
        for index in start..<start + count {
            let value = values[Int(text[index])]
            seen |= value
            group = group << 6 | UInt32(value & 63)
        }
        guard seen < 64 else { throw fault(at: start, in: text, values: values) }
        return group << UInt32(6 * (4 - count))
    }

    /// What is wrong with the first character from here on that stands for no value.
    private static func fault(at start: Int, in text: Span<UInt8>, values: [UInt8]) -> DecodingError {
        var index = start
        while values[Int(text[index])] < 64 { index += 1 }
        return text[index] == UInt8(ascii: "=") ? .badPadding(at: index) : .badCharacter(at: index)
    }
}

extension Base64.Alphabet {
    /// The 64 characters by the value they stand for.
    fileprivate var characters: [UInt8] {
        switch self {
        case .standard: Self.standardCharacters
        case .urlUnpadded: Self.urlCharacters
        }
    }

    /// The value of each of the 256 bytes; 0xFF for those that stand for none.
    fileprivate var values: [UInt8] {
        switch self {
        case .standard: Self.standardValues
        case .urlUnpadded: Self.urlValues
        }
    }

    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
    private static let standardCharacters = common + Array("+/".utf8)
    private static let urlCharacters = common + Array("-_".utf8)
    private static let standardValues = values(of: standardCharacters)
    private static let urlValues = values(of: urlCharacters)

    private static func values(of characters: [UInt8]) -> [UInt8] {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in characters.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }
}
