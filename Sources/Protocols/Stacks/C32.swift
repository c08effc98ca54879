// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Bytes as text in base 32, with the alphabet of Douglas Crockford.
///
/// The bytes are one big-endian number. Leading zero digits are dropped, and one `0` is put in front for each
/// leading zero byte, so that encoding and decoding are inverse.
///
/// - Source: SIP-005, "c32check"; stacks-core, `c32_encode`.
public enum C32 {
    static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// The digits of `bytes`.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: digits(of: Array(bytes)), as: UTF8.self)
    }

    /// The bytes that `text` spells, of any case, with `O` for 0 and `L` or `I` for 1.
    ///
    /// - Throws: ``C32Fault/digit(_:)``.
    public static func decode(_ text: some Collection<UInt8>) throws(C32Fault) -> [UInt8] {
        var values: [UInt8] = []
        values.reserveCapacity(text.count)
        for digit in text {
            guard let value = value(of: digit) else { throw .digit(digit) }
            values.append(value)
        }
        var bytes: [UInt8] = []
        var carry: UInt16 = 0
        var carriedBits: UInt16 = 0
        for value in values.reversed() {
            carry |= UInt16(value) << carriedBits
            carriedBits += 5
            guard carriedBits >= 8 else { continue }
            bytes.append(UInt8(truncatingIfNeeded: carry))
            carriedBits -= 8
            carry >>= 8
        }
        if carriedBits > 0 { bytes.append(UInt8(truncatingIfNeeded: carry)) }
        while bytes.last == 0 { bytes.removeLast() }
        for _ in values.prefix(while: { $0 == 0 }) { bytes.append(0) }
        bytes.reverse()
        return bytes
    }

    private static func digits(of bytes: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 8 / 5 + 2)
        var carry: UInt16 = 0
        var carriedBits: UInt16 = 0
        for byte in bytes.reversed() {
            carry |= UInt16(byte) << carriedBits
            carriedBits += 8
            while carriedBits >= 5 {
                digits.append(UInt8(carry & 31))
                carry >>= 5
                carriedBits -= 5
            }
        }
        if carriedBits > 0 { digits.append(UInt8(carry & 31)) }
        while digits.last == 0 { digits.removeLast() }
        for _ in bytes.prefix(while: { $0 == 0 }) { digits.append(0) }
        return digits.reversed().map { alphabet[Int($0)] }
    }

    static func value(of digit: UInt8) -> UInt8? {
        let upper = UInt8(ascii: "a")...UInt8(ascii: "z") ~= digit ? digit - 32 : digit
        switch upper {
        case UInt8(ascii: "O"): return 0
        case UInt8(ascii: "L"), UInt8(ascii: "I"): return 1
        default: return alphabet.firstIndex(of: upper).map { UInt8($0) }
        }
    }
}
