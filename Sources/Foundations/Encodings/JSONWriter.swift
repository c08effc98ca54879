// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Writes a value as JSON in UTF-8.
///
/// Only what must be escaped is: the quotation mark, the backslash and the control characters U+0000 through
/// U+001F. Everything else goes out as the UTF-8 it is.
///
/// - Source: RFC 8259, section 7.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let indents: Bool
    private var level = 0

    init(indents: Bool) {
        self.indents = indents
    }

    mutating func write(_ value: JSON) {
        switch value {
        case .null: append("null")
        case .bool(let truth): append(truth ? "true" : "false")
        case .number(let number): append(number.text)
        case .string(let text): quote(text)
        case .array(let elements): list(elements, between: "[", and: "]") { $0.write($1) }
        case .object(let members): list(members, between: "{", and: "}") { $0.write($1) }
        }
    }

    private mutating func write(_ member: JSON.Member) {
        quote(member.name)
        bytes.append(UInt8(ascii: ":"))
        if indents { bytes.append(UInt8(ascii: " ")) }
        write(member.value)
    }

    private mutating func list<Item>(
        _ items: [Item], between opening: Unicode.Scalar, and closing: Unicode.Scalar,
        write: (inout JSONWriter, Item) -> Void
    ) {
        bytes.append(UInt8(ascii: opening))
        level += 1
        var isFirst = true
        for item in items {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            breakLine()
            write(&self, item)
        }
        level -= 1
        if !isFirst { breakLine() }
        bytes.append(UInt8(ascii: closing))
    }

    private mutating func breakLine() {
        guard indents else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { escape($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Copies what needs no escape in one go, from one escape to the next.
    private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
        var runStart = 0
        for (index, byte) in text.enumerated() where Self.needsEscape(byte) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<index]))
            runStart = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
            case 0x08: bytes.append(UInt8(ascii: "b"))
            case 0x09: bytes.append(UInt8(ascii: "t"))
            case 0x0A: bytes.append(UInt8(ascii: "n"))
            case 0x0C: bytes.append(UInt8(ascii: "f"))
            case 0x0D: bytes.append(UInt8(ascii: "r"))
            default:
                append(byte < 0x10 ? "u000" : "u00")
                append(String(byte, radix: 16))
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart...]))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}
