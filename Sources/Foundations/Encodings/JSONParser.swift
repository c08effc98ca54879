// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Reads one JSON text in a single pass, calling itself once a level and never deeper than its limit.
///
/// The bytes are handed to every step instead of being kept, because a span may not outlive its array.
struct JSONParser {
    /// The offset of the next byte to read.
    var position = 0
    private let limits: JSON.Limits

    init(limits: JSON.Limits) {
        self.limits = limits
    }

    mutating func document(in bytes: Span<UInt8>) throws(JSON.ParseError) -> JSON {
        guard bytes.count <= limits.maximumBytes else {
            throw .tooLong(bytes: bytes.count, limit: limits.maximumBytes)
        }
        let value = try value(in: bytes, level: 0)
        skipSpace(in: bytes)
        guard position == bytes.count else { throw .trailing(at: position) }
        return value
    }

    /// - Parameter level: How many arrays and objects stand around the value.
    private mutating func value(in bytes: Span<UInt8>, level: Int) throws(JSON.ParseError) -> JSON {
        switch try upcoming(in: bytes) {
        case UInt8(ascii: "{"): return .object(try members(in: bytes, level: level))
        case UInt8(ascii: "["): return .array(try elements(in: bytes, level: level))
        case UInt8(ascii: "\""): return .string(try string(in: bytes))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number(in: bytes))
        case UInt8(ascii: "t"): return try word("true", meaning: true, in: bytes)
        case UInt8(ascii: "f"): return try word("false", meaning: false, in: bytes)
        case UInt8(ascii: "n"): return try word("null", meaning: .null, in: bytes)
        default: throw .unexpectedByte(at: position)
        }
    }

    private mutating func elements(in bytes: Span<UInt8>, level: Int) throws(JSON.ParseError) -> [JSON] {
        try open(level: level)
        var elements: [JSON] = []
        if try takes(UInt8(ascii: "]"), in: bytes) { return elements }
        repeat {
            elements.append(try value(in: bytes, level: level + 1))
        } while try continues(until: UInt8(ascii: "]"), in: bytes)
        return elements
    }

    private mutating func members(in bytes: Span<UInt8>, level: Int) throws(JSON.ParseError) -> [JSON.Member] {
        try open(level: level)
        var members: [JSON.Member] = []
        var names: Set<ExactText> = []
        if try takes(UInt8(ascii: "}"), in: bytes) { return members }
        repeat {
            guard try upcoming(in: bytes) == UInt8(ascii: "\"") else { throw .unexpectedByte(at: position) }
            let start = position
            let name = try string(in: bytes)
            guard Self.isNew(name, after: members, names: &names) else { throw .duplicate(name, at: start) }
            guard try takes(UInt8(ascii: ":"), in: bytes) else { throw .unexpectedByte(at: position) }
            members.append(JSON.Member(name: name, value: try value(in: bytes, level: level + 1)))
        } while try continues(until: UInt8(ascii: "}"), in: bytes)
        return members
    }

    /// Whether no earlier member has this name.
    ///
    /// The set stays empty until looking one by one would cost more.
    private static func isNew(
        _ name: String, after members: [JSON.Member], names: inout Set<ExactText>
    ) -> Bool {
        guard members.count >= JSON.smallObject else {
            return !members.contains { ExactText.same($0.name, name) }
        }
        if names.isEmpty { names = Set(members.lazy.map { ExactText($0.name) }) }
        return names.insert(ExactText(name)).inserted
    }

    /// Steps over the bracket or brace that opens one level more.
    private mutating func open(level: Int) throws(JSON.ParseError) {
        guard level < limits.maximumDepth else { throw .tooDeep(limit: limits.maximumDepth) }
        position += 1
    }

    /// Whether a comma follows, and so another item, rather than the closing byte; steps over either.
    private mutating func continues(until closing: UInt8, in bytes: Span<UInt8>) throws(JSON.ParseError) -> Bool {
        if try takes(UInt8(ascii: ","), in: bytes) { return true }
        guard try takes(closing, in: bytes) else { throw .unexpectedByte(at: position) }
        return false
    }

    /// Whether this byte comes next after white space; steps over it when it does.
    private mutating func takes(_ byte: UInt8, in bytes: Span<UInt8>) throws(JSON.ParseError) -> Bool {
        guard try upcoming(in: bytes) == byte else { return false }
        position += 1
        return true
    }

    /// The next byte that is not white space, not stepped over yet.
    private mutating func upcoming(in bytes: Span<UInt8>) throws(JSON.ParseError) -> UInt8 {
        skipSpace(in: bytes)
        guard position < bytes.count else { throw .truncated }
        return bytes[position]
    }

    private mutating func skipSpace(in bytes: Span<UInt8>) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func word(
        _ word: String, meaning value: JSON, in bytes: Span<UInt8>
    ) throws(JSON.ParseError) -> JSON {
        for byte in word.utf8 {
            guard position < bytes.count else { throw .truncated }
            guard bytes[position] == byte else { throw .unexpectedByte(at: position) }
            position += 1
        }
        return value
    }
}

// MARK: - Numbers

extension JSONParser {
    /// Reads `[-] whole [. digits] [e [±] digits]`, where the whole part has no leading zero.
    ///
    /// - Source: RFC 8259, section 6.
    private mutating func number(in bytes: Span<UInt8>) throws(JSON.ParseError) -> JSON.Number {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let whole = position
        try digits(in: bytes, of: start)
        guard bytes[whole] != UInt8(ascii: "0") || position == whole + 1 else { throw .badNumber(at: start) }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits(in: bytes, of: start)
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[position]) {
                position += 1
            }
            try digits(in: bytes, of: start)
        }
        return JSON.Number(checked: try text(in: bytes, at: start..<position))
    }

    /// Steps over at least one digit.
    private mutating func digits(in bytes: Span<UInt8>, of start: Int) throws(JSON.ParseError) {
        let first = position
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position == first else { return }
        throw position == bytes.count ? .truncated : .badNumber(at: start)
    }
}
