// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a text is no address.
public enum C32Fault: Error, Hashable, Sendable {
    /// The text does not begin with `S`.
    case prefix
    /// A character that is none of the 32 digits.
    case digit(UInt8)
    /// There is no room for a checksum.
    case tooShort
    /// The checksum is of something else: a typing error.
    case checksum
    /// The hash has so many bytes, not 20.
    case length(Int)
    /// The version is above 31.
    case version(UInt8)
    /// The part behind the dot is no name of a contract.
    case contractName

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .prefix: "c32.prefix"
        case .digit: "c32.digit"
        case .tooShort: "c32.too-short"
        case .checksum: "c32.checksum"
        case .length: "c32.length"
        case .version: "c32.version"
        case .contractName: "c32.contract-name"
        }
    }
}

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

/// Base 32 with a version digit in front and a checksum behind.
///
/// - Source: SIP-005, "c32check": the checksum is the first 4 bytes of SHA-256(SHA-256(version ‖ bytes)).
public enum C32Check {
    /// The version's digit and the digits of `bytes` with their checksum.
    ///
    /// Only the lower 5 bits of the version are written.
    public static func encode(version: UInt8, _ bytes: [UInt8]) -> String {
        let version = version & 31
        let digit = String(decoding: [C32.alphabet[Int(version)]], as: UTF8.self)
        return digit + C32.encode(bytes + checksum(version, bytes))
    }

    /// The version and the bytes that `text` spells.
    ///
    /// - Throws: ``C32Fault``.
    public static func decode(_ text: some Collection<UInt8>) throws(C32Fault) -> (version: UInt8, bytes: [UInt8]) {
        // Nobody writes longer ones; the bound keeps a hostile text from costing anything.
        guard let first = text.first, text.count <= 128 else { throw .tooShort }
        guard let version = C32.value(of: first) else { throw .digit(first) }
        let all = try C32.decode(text.dropFirst())
        guard all.count >= 4 else { throw .tooShort }
        let bytes = Array(all.dropLast(4))
        guard checksum(version, bytes).elementsEqual(all.suffix(4)) else { throw .checksum }
        return (version, bytes)
    }

    private static func checksum(_ version: UInt8, _ bytes: [UInt8]) -> ArraySlice<UInt8> {
        Digests.sha256(Digests.sha256([version] + bytes)).prefix(4)
    }
}
