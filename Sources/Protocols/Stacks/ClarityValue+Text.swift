// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives

extension ClarityValue: CustomStringConvertible {
    /// The value as a node writes it: `(tuple (a 1) (b u2))`, `0x00ff`, `u"caf\u{c3a9}"`, `ST….name`.
    ///
    /// Characters outside ASCII are written as the bytes of their UTF-8, which no program can read back.
    ///
    /// - Source: stacks-core, `impl Display for Value`.
    public var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .int(let number): text += String(number)
        case .uint(let number): text += "u\(number)"
        case .bool(let truth): text += truth ? "true" : "false"
        case .buffer(let bytes): text += Hex.encode(bytes)
        case .ascii(let bytes):
            text += "\""
            for byte in bytes { text += Self.escaped(byte) }
            text += "\""
        case .utf8(let scalars):
            text += "u\""
            for scalar in scalars {
                if scalar.isASCII {
                    text += Self.escaped(UInt8(truncatingIfNeeded: scalar.value))
                } else {
                    text += "\\u{\(Hex.digits(Array(String(scalar).utf8)))}"
                }
            }
            text += "\""
        case .principal(let principal): text += principal.description
        case .list(let entries):
            text += "("
            for (index, entry) in entries.enumerated() {
                if index > 0 { text += " " }
                entry.write(to: &text)
            }
            text += ")"
        case .tuple(let tuple):
            text += "(tuple"
            for (name, value) in zip(tuple.names, tuple.values) {
                text += " (\(name.text) "
                value.write(to: &text)
                text += ")"
            }
            text += ")"
        case .none: text += "none"
        case .some(let value): value.write(behind: "(some ", to: &text)
        case .ok(let value): value.write(behind: "(ok ", to: &text)
        case .err(let value): value.write(behind: "(err ", to: &text)
        }
    }

    private func write(behind opening: String, to text: inout String) {
        text += opening
        write(to: &text)
        text += ")"
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\t"): "\\t"
        case UInt8(ascii: "\r"): "\\r"
        case UInt8(ascii: "\n"): "\\n"
        case UInt8(ascii: "'"): "\\'"
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        case 0x20...0x7E: String(UnicodeScalar(byte))
        default: "\\x\(Hex.digits([byte]))"
        }
    }
}
