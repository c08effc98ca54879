// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Halves of surrogate pairs, which a JavaScript string may hold and a Swift string may not.
///
/// The stand-in of U+D800 through U+DFFF is the private-use scalar 0x100000 higher; in UTF-8 it starts with the bytes
/// F4 8D, followed by one of A0 through BF.
enum LoneSurrogates {
    /// Puts the stand-in where an escape is only half of a pair.
    ///
    /// - Parameter isNested: Whether stand-ins may be there already, because the text lay in other JSON.
    static func standIn(_ bytes: [UInt8], isNested: Bool) throws(JSON.ParseError) -> [UInt8] {
        var result: [UInt8] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            if bytes[index] == 0xF4, !isNested, isStandIn(bytes, at: index) { throw .unexpectedByte(at: index) }
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            guard let unit = unit(bytes, at: index), unit & 0xF800 == 0xD800 else {
                index += 2
                continue
            }
            if unit < 0xDC00, let low = self.unit(bytes, at: index + 6), low & 0xFC00 == 0xDC00 {
                // A whole pair; 0xDBF6 and 0xDBF7 begin those that would be taken for stand-ins.
                guard unit & 0xFFFE != 0xDBF6 else { throw .badEscape(at: index) }
                index += 12
                continue
            }
            result += bytes[copied..<index]
            result += [0xF4, 0x8D, 0x80 | UInt8(unit >> 6 & 0x3F), 0x80 | UInt8(unit & 0x3F)]
            index += 6
            copied = index
        }
        return copied == 0 ? bytes : result + bytes[copied...]
    }

    /// Writes each stand-in as the escape that it stands for.
    static func escape(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.contains(0xF4) else { return bytes }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == 0xF4, isStandIn(bytes, at: index) else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let unit = 0xD000 | UInt16(bytes[index + 2] & 0x3F) << 6 | UInt16(bytes[index + 3] & 0x3F)
            result += Array("\\u\(String(unit, radix: 16))".utf8)
            index += 4
        }
        return result
    }

    /// A text in UTF-8 as JavaScript encodes it, which has U+FFFD for half of a pair.
    static func utf8(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.contains(0xF4) else { return bytes }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let isHalf = isStandIn(bytes, at: index)
            result += isHalf ? [0xEF, 0xBF, 0xBD] : [bytes[index]]
            index += isHalf ? 4 : 1
        }
        return result
    }

    private static func isStandIn(_ bytes: [UInt8], at index: Int) -> Bool {
        index + 3 < bytes.count && bytes[index] == 0xF4 && bytes[index + 1] == 0x8D && bytes[index + 2] >= 0xA0
    }

    /// The code unit that is escaped here as `\uXXXX`.
    private static func unit(_ bytes: [UInt8], at index: Int) -> UInt16? {
        guard index + 5 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for byte in bytes[index + 2...index + 5] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
