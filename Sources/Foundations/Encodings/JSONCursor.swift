// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Walks through a JSON text of a form that is foreseen, and builds nothing.
///
/// What it steps over is JSON exactly as RFC 8259 has it. It knows only a part of it: no escapes and nothing but ASCII
/// in strings. A `nil` or `false` is no error, but means that the text must be read by ``JSON`` instead. Like
/// `JSON.parse` it is handed the bytes at each step, because a span may not outlive its array.
public struct JSONCursor {
    /// The offset of the next byte to read.
    public private(set) var position: Int

    public init(at position: Int = 0) { self.position = position }

    /// Whether this byte comes next after white space; steps over it when it does.
    @inline(__always)
    public mutating func takes(_ byte: UInt8, in bytes: Span<UInt8>) -> Bool {
        skipSpace(in: bytes)
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    /// Whether just these bytes come next after white space; steps over them when they do.
    public mutating func takes(exactly known: [UInt8], in bytes: Span<UInt8>) -> Bool {
        skipSpace(in: bytes)
        guard known.count <= bytes.count - position else { return false }
        let isSame = bytes.extracting(position..<position + known.count).withUnsafeBytes { bytes in
            known.withUnsafeBytes { known in Self.same(bytes, known) }
        }
        if isSame { position += known.count }
        return isSame
    }

    /// Steps over a string and answers where its content lies; `nil` when it has escapes, or more than ASCII.
    public mutating func string(in bytes: Span<UInt8>) -> Range<Int>? {
        guard takes(UInt8(ascii: "\""), in: bytes) else { return nil }
        let start = position
        var index = start + Self.plainBytes(from: start, in: bytes)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                position = index + 1
                return start..<index
            }
            guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\") else { return nil }
            index += 1
        }
        return nil
    }

    /// Steps over a whole number without a sign, of at most 18 digits.
    public mutating func wholeNumber(in bytes: Span<UInt8>) -> UInt64? {
        skipSpace(in: bytes)
        let start = position
        var value: UInt64 = 0
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10, position - start < 18 {
            value = value &* 10 &+ UInt64(bytes[position] &- UInt8(ascii: "0"))
            position += 1
        }
        guard position > start, position == start + 1 || bytes[start] != UInt8(ascii: "0"), position < bytes.count
        else { return nil }
        switch bytes[position] {
        // Not the end of the number yet.
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): return nil
        default: return value
        }
    }

    /// Whether only white space is left.
    public mutating func isAtEnd(of bytes: Span<UInt8>) -> Bool {
        skipSpace(in: bytes)
        return position == bytes.count
    }

    /// Steps over one value of any kind and answers where it lies.
    ///
    /// The text must have been read by ``JSON`` before: nothing is checked here, only brackets are counted.
    public mutating func checkedValue(in bytes: Span<UInt8>) -> Range<Int>? {
        skipSpace(in: bytes)
        let start = position
        var depth = 0
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
                    position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
                }
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return start..<position }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0: return start..<position
            default: break
            }
            position += 1
        }
        return nil
    }

    private mutating func skipSpace(in bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// How many bytes from here on, eight at a time, are neither quotes nor backslashes nor beyond printable ASCII.
    static func plainBytes(from start: Int, in bytes: Span<UInt8>) -> Int {
        bytes.extracting(start...).withUnsafeBytes { bytes in
            var count = 0
            while count + 8 <= bytes.count {
                let word = bytes.loadUnaligned(fromByteOffset: count, as: UInt64.self)
                let special =
                    word | hasByte(below: 0x20, word) | hasZero(word ^ each(UInt8(ascii: "\"")))
                    | hasZero(word ^ each(UInt8(ascii: "\\"))) | hasZero(word ^ each(0x7F))
                guard special & each(0x80) == 0 else { break }
                count += 8
            }
            return count
        }
    }

    /// The byte eight times.
    @inline(__always) private static func each(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

    /// A word whose bytes have their highest bit set only when one of these is below a limit, which is at most 0x80.
    ///
    /// - Source: H. Warren, "Hacker's Delight", section 6-1.
    @inline(__always) private static func hasByte(below limit: UInt8, _ word: UInt64) -> UInt64 {
        (word &- each(limit)) & ~word & each(0x80)
    }

    @inline(__always) private static func hasZero(_ word: UInt64) -> UInt64 { hasByte(below: 1, word) }

    /// Compares eight bytes at a time.
    private static func same(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index + 8 <= left.count {
            guard
                left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    == right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            else { return false }
            index += 8
        }
        while index < left.count {
            guard left[index] == right[index] else { return false }
            index += 1
        }
        return true
    }
}
