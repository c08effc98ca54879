// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension JSONParser {
    /// Reads the string whose opening quote comes next.
    ///
    /// One without escapes is checked and copied in one go.
    ///
    /// - Source: RFC 8259, section 7.
    mutating func string(in bytes: Span<UInt8>) throws(JSON.ParseError) -> String {
        position += 1
        let start = position
        try skipPlain(in: bytes)
        guard bytes[position] == UInt8(ascii: "\\") else {
            let string = try text(in: bytes, at: start..<position)
            position += 1
            return string
        }
        return try escapedString(in: bytes, from: start)
    }

    /// The bytes of the text as a string.
    func text(in bytes: Span<UInt8>, at range: Range<Int>) throws(JSON.ParseError) -> String {
        do throws(UTF8.ValidationError) {
            return String(copying: try UTF8Span(validating: bytes.extracting(range)))
        } catch {
            throw .notUTF8(at: range.lowerBound + error.byteOffsets.lowerBound)
        }
    }

    /// Reads on from the first escape.
    ///
    /// - Parameter start: The offset after the opening quote.
    private mutating func escapedString(
        in bytes: Span<UInt8>, from start: Int
    ) throws(JSON.ParseError) -> String {
        var unescaped: [UInt8] = []
        var runStart = start
        while true {
            bytes.extracting(runStart..<position).withUnsafeBufferPointer { unescaped.append(contentsOf: $0) }
            guard bytes[position] == UInt8(ascii: "\\") else { break }
            unescaped.append(contentsOf: try escape(in: bytes).utf8)
            runStart = position
            try skipPlain(in: bytes)
        }
        // An escape is ASCII and stands for whole scalars: the string is UTF-8 exactly when its source is.
        _ = try text(in: bytes, at: start..<position)
        position += 1
        return String(decoding: unescaped, as: UTF8.self)
    }

    /// Moves on to the next quote or backslash.
    private mutating func skipPlain(in bytes: Span<UInt8>) throws(JSON.ParseError) {
        var index = position + JSONCursor.plainBytes(from: position, in: bytes)
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                position = index
                return
            }
            guard byte >= 0x20 else { throw .unexpectedByte(at: index) }
            index += 1
        }
        throw .truncated
    }

    /// Reads one escape, or two that make a surrogate pair.
    private mutating func escape(in bytes: Span<UInt8>) throws(JSON.ParseError) -> Unicode.Scalar {
        let start = position
        guard start + 1 < bytes.count else { throw .truncated }
        position += 2
        switch bytes[start + 1] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try scalar(in: bytes, of: start)
        default: throw .badEscape(at: start)
        }
    }

    /// Reads what follows `\u`: a scalar, or a high surrogate with the low one that must follow it.
    ///
    /// - Source: RFC 8259, section 7; the Unicode Standard, definition D91 (UTF-16).
    private mutating func scalar(in bytes: Span<UInt8>, of start: Int) throws(JSON.ParseError) -> Unicode.Scalar {
        let first = try unit(in: bytes, of: start)
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(UInt16(first)) else { throw .badEscape(at: start) }
        for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
            guard position < bytes.count else { throw .truncated }
            guard bytes[position] == expected else { throw .badEscape(at: start) }
            position += 1
        }
        let second = try unit(in: bytes, of: start)
        guard UTF16.isTrailSurrogate(UInt16(second)),
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .badEscape(at: start) }
        return scalar
    }

    /// Reads four hexadecimal digits.
    ///
    /// - Returns: 0 through 0xFFFF.
    private mutating func unit(in bytes: Span<UInt8>, of start: Int) throws(JSON.ParseError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard position < bytes.count else { throw .truncated }
            guard let digit = Hex.value(of: bytes[position]) else { throw .badEscape(at: start) }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
