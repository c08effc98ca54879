// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

/// Cuts a contract's text into words.
struct Lexer {
    private let source: [UInt8]
    private var offset = 0
    private var line = 1
    private var lineStart = 0

    init(_ source: [UInt8]) {
        self.source = source
    }

    /// The next word, or ``Token/Kind/end`` for ever after the last.
    mutating func next() throws(SyntaxFault) -> Token {
        let start = position
        let kind = try readKind()
        return Token(kind: kind, span: SourceSpan(start: start, end: lastPosition(notBefore: start)))
    }

    private mutating func readKind() throws(SyntaxFault) -> Token.Kind {
        guard let first = current else { return .end }
        switch first {
        case UInt8(ascii: "("): return take(.leftParenthesis)
        case UInt8(ascii: ")"): return take(.rightParenthesis)
        case UInt8(ascii: "{"): return take(.leftBrace)
        case UInt8(ascii: "}"): return take(.rightBrace)
        case UInt8(ascii: ":"): return take(.colon)
        case UInt8(ascii: ","): return take(.comma)
        case UInt8(ascii: "."): return take(.dot)
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: ";"):
            try skipSpace()
            return .space
        case UInt8(ascii: "+"), UInt8(ascii: "*"), UInt8(ascii: "/"): return try readOperator(length: 1)
        case UInt8(ascii: "-"): return try isDigit(peek(1)) ? readInt() : readOperator(length: 1)
        case UInt8(ascii: ">"): return try readOperator(length: peek(1) == UInt8(ascii: "=") ? 2 : 1)
        case UInt8(ascii: "<"):
            if let second = peek(1), Self.isLetter(second) { return try readTraitReference() }
            return try readOperator(length: peek(1) == UInt8(ascii: "=") ? 2 : 1)
        case UInt8(ascii: "'"): return try readPrincipal()
        case UInt8(ascii: "\""): return .ascii(try readASCIIString())
        case UInt8(ascii: "u") where isDigit(peek(1)): return try readUInt()
        case UInt8(ascii: "u") where peek(1) == UInt8(ascii: "\""): return .utf8(try readUTF8String())
        case UInt8(ascii: "0") where peek(1) == UInt8(ascii: "x"): return try readBuffer()
        case _ where isDigit(first): return try readInt()
        case _ where Self.isLetter(first): return try readName()
        case 0x80...: throw fault(.nonASCIICharacter)
        default: throw fault(.unknownSymbol(shown(first)))
        }
    }

    // MARK: - Words

    private mutating func take(_ kind: Token.Kind) -> Token.Kind {
        offset += 1
        return kind
    }

    private mutating func readOperator(length: Int) throws(SyntaxFault) -> Token.Kind {
        let start = offset
        offset += length
        guard isSeparator(current) else { throw fault(.expectedSeparator) }
        return .name(text(from: start))
    }

    private mutating func readName() throws(SyntaxFault) -> Token.Kind {
        let start = offset
        while let byte = current, Self.isNameByte(byte) { offset += 1 }
        try expectSeparator(in: .name)
        return .name(text(from: start))
    }

    private mutating func readTraitReference() throws(SyntaxFault) -> Token.Kind {
        offset += 1
        let start = offset
        while let byte = current, Self.isPlainNameByte(byte) { offset += 1 }
        let name = text(from: start)
        guard current == UInt8(ascii: ">") else {
            try expectSeparator(in: .traitReference)
            throw fault(.expectedClosing(">"))
        }
        offset += 1
        return .traitReference(name)
    }

    private mutating func readPrincipal() throws(SyntaxFault) -> Token.Kind {
        offset += 1
        let start = offset
        while let byte = current, Self.isCrockfordDigit(byte) { offset += 1 }
        try expectSeparator(in: .principal)
        return .principal(text(from: start))
    }

    private mutating func readInt() throws(SyntaxFault) -> Token.Kind {
        let (start, place) = (offset, position)
        if current == UInt8(ascii: "-") { offset += 1 }
        while isDigit(current) { offset += 1 }
        try expectSeparator(in: .int)
        let digits = text(from: start)
        guard let value = Int128(digits) else { throw fault(.failedParsingIntValue(digits), from: place) }
        return .int(value)
    }

    private mutating func readUInt() throws(SyntaxFault) -> Token.Kind {
        let place = position
        offset += 1
        let start = offset
        while isDigit(current) { offset += 1 }
        try expectSeparator(in: .uint)
        let digits = text(from: start)
        guard let value = UInt128(digits) else { throw fault(.failedParsingUIntValue(digits), from: place) }
        return .uint(value)
    }

    private mutating func readBuffer() throws(SyntaxFault) -> Token.Kind {
        let place = position
        offset += 2
        var bytes: [UInt8] = []
        var high: UInt8?
        var digits = 0
        while let byte = current, let value = Hex.value(of: byte) {
            offset += 1
            digits += 1
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        try expectSeparator(in: .buffer)
        guard high == nil else { throw fault(.invalidBufferLength(digits), from: place) }
        guard bytes.count <= ClarityType.maximumSize else { throw fault(.valueTooLarge, from: place) }
        return .buffer(bytes)
    }

    private mutating func skipSpace() throws(SyntaxFault) {
        while let byte = current {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): offset += 1
            case UInt8(ascii: "\n"):
                offset += 1
                line += 1
                lineStart = offset
            case UInt8(ascii: "\r"): throw fault(.unsupportedLineEnding)
            case UInt8(ascii: ";"):
                guard peek(1) == UInt8(ascii: ";") else { throw fault(.singleSemicolon) }
                while let byte = current, byte != UInt8(ascii: "\n") {
                    if byte >= 0x80 { throw fault(.nonASCIICharacter) }
                    if byte == UInt8(ascii: "\r") { throw fault(.unsupportedLineEnding) }
                    offset += 1
                }
            default: return
            }
        }
    }
}

// MARK: - Strings

extension Lexer {
    private mutating func readASCIIString() throws(SyntaxFault) -> [UInt8] {
        let place = position
        var bytes: [UInt8] = []
        offset += 1
        while true {
            switch try readStringByte() {
            case nil:
                guard bytes.allSatisfy(Self.isASCIIText) else { throw fault(.illegalASCIIString, from: place) }
                guard bytes.count <= ClarityType.maximumSize else { throw fault(.valueTooLarge, from: place) }
                return bytes
            case .plain(let byte)?: bytes.append(byte)
            case .scalarEscape?: throw fault(.unknownEscape("u"))
            }
        }
    }

    private mutating func readUTF8String() throws(SyntaxFault) -> [Unicode.Scalar] {
        let place = position
        var scalars: [Unicode.Scalar] = []
        offset += 2
        while true {
            switch try readStringByte() {
            case nil:
                guard scalars.count <= ClarityType.maximumUTF8Length else { throw fault(.valueTooLarge, from: place) }
                return scalars
            case .plain(let byte)?: scalars.append(Unicode.Scalar(byte))
            case .scalarEscape?: scalars.append(try readScalarEscape())
            }
        }
    }

    private enum StringPart {
        case plain(UInt8)
        case scalarEscape
    }

    /// The next character of a string, or `nil` behind its end.
    private mutating func readStringByte() throws(SyntaxFault) -> StringPart? {
        guard let byte = current, byte != UInt8(ascii: "\n") else { throw fault(.expectedClosing("\"")) }
        if byte >= 0x80 { throw fault(.nonASCIICharacter) }
        offset += 1
        if byte == UInt8(ascii: "\"") { return nil }
        guard byte == UInt8(ascii: "\\") else { return .plain(byte) }
        guard let escape = current else { throw fault(.expectedClosing("\"")) }
        let plain: UInt8
        switch escape {
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): plain = escape
        case UInt8(ascii: "n"): plain = 0x0a
        case UInt8(ascii: "t"): plain = 0x09
        case UInt8(ascii: "r"): plain = 0x0d
        case UInt8(ascii: "0"): plain = 0
        case UInt8(ascii: "u"): return .scalarEscape
        default: throw fault(.unknownEscape(shown(escape)))
        }
        offset += 1
        return .plain(plain)
    }

    private mutating func readScalarEscape() throws(SyntaxFault) -> Unicode.Scalar {
        let place = position
        offset += 1
        guard current == UInt8(ascii: "{") else { throw fault(.invalidUTF8Encoding, from: place) }
        offset += 1
        var (number, digits): (UInt32, Int) = (0, 0)
        while let byte = current, let digit = Hex.value(of: byte) {
            offset += 1
            digits += 1
            guard number <= 0x10FFFF else { throw fault(.invalidUTF8Encoding, from: place) }
            number = number << 4 | UInt32(digit)
        }
        guard current == UInt8(ascii: "}"), digits > 0, let scalar = Unicode.Scalar(number) else {
            throw fault(.invalidUTF8Encoding, from: place)
        }
        offset += 1
        return scalar
    }

    private static func isASCIIText(_ byte: UInt8) -> Bool {
        0x20...0x7e ~= byte || byte == 0x09 || byte == 0x0a || byte == 0x0c || byte == 0x0d
    }
}

// MARK: - Places and characters

extension Lexer {
    private var current: UInt8? { offset < source.count ? source[offset] : nil }

    private func peek(_ distance: Int) -> UInt8? {
        offset + distance < source.count ? source[offset + distance] : nil
    }

    private var position: SourceSpan.Position {
        SourceSpan.Position(line: line, column: offset - lineStart + 1)
    }

    private func lastPosition(notBefore start: SourceSpan.Position) -> SourceSpan.Position {
        max(start, SourceSpan.Position(line: line, column: offset - lineStart))
    }

    private func fault(_ reason: SyntaxFault.Reason, from start: SourceSpan.Position? = nil) -> SyntaxFault {
        let start = start ?? position
        return SyntaxFault(reason, at: SourceSpan(start: start, end: max(start, position)))
    }

    private func text(from start: Int) -> String {
        String(decoding: source[start..<offset], as: UTF8.self)
    }

    private func shown(_ byte: UInt8) -> String {
        0x21...0x7e ~= byte ? String(Unicode.Scalar(byte)) : Hex.encode([byte])
    }

    private func expectSeparator(in literal: SyntaxFault.Literal) throws(SyntaxFault) {
        guard let byte = current, !isSeparator(byte) else { return }
        throw fault(byte >= 0x80 ? .nonASCIICharacter : .invalidCharacter(shown(byte), in: literal))
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        if let byte { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte } else { false }
    }

    private func isSeparator(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        switch byte {
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ","),
            UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: ";"), UInt8(ascii: " "), 0x09, 0x0a, 0x0c, 0x0d:
            return true
        default: return false
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }

    private static func isPlainNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "+"), UInt8(ascii: "<"), UInt8(ascii: ">"),
            UInt8(ascii: "="), UInt8(ascii: "/"), UInt8(ascii: "*"):
            true
        default: isPlainNameByte(byte)
        }
    }

    private static func isCrockfordDigit(_ byte: UInt8) -> Bool {
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8.contains(byte)
    }
}
