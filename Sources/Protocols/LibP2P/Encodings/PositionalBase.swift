// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Bytes as one large number, written in a base that is no power of two.
///
/// Each leading zero byte is written as one leading digit zero. Both ways cost the square of the length, so both have
/// a limit.
///
/// - Source: Bitcoin's base58; multiformats/multibase for base36.
public struct PositionalBase: Sendable {
    /// Bitcoin's alphabet, without `0`, `O`, `I` and `l`.
    public static let base58btc = PositionalBase("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")
    public static let base36 = PositionalBase("0123456789abcdefghijklmnopqrstuvwxyz")

    /// How long a text may be that is read.
    public static let longestText = 1024

    private let alphabet: [UInt8]
    private let values: [UInt8]

    private init(_ alphabet: String) {
        self.alphabet = Array(alphabet.utf8)
        var values = [UInt8](repeating: .max, count: 256)
        for (value, letter) in self.alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        self.values = values
    }

    public func encode(_ bytes: [UInt8]) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        // Digits of the number, the low one first.
        var digits: [UInt8] = []
        for byte in bytes.dropFirst(zeros) { Self.push(Int(byte), times: 256, onto: &digits, base: alphabet.count) }
        let text = Array(repeating: alphabet[0], count: zeros) + digits.reversed().map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    /// - Throws: ``WireError/badCharacter``, or ``WireError/tooLong(length:limit:)`` beyond ``longestText``.
    public func decode(_ text: some StringProtocol) throws(WireError) -> [UInt8] {
        let letters = Array(text.utf8)
        guard letters.count <= Self.longestText else {
            throw .tooLong(length: UInt64(letters.count), limit: Self.longestText)
        }
        let zeros = letters.prefix { $0 == alphabet[0] }.count
        var bytes: [UInt8] = []
        for letter in letters.dropFirst(zeros) {
            let value = values[Int(letter)]
            guard value != .max else { throw .badCharacter }
            Self.push(Int(value), times: alphabet.count, onto: &bytes, base: 256)
        }
        return Array(repeating: 0, count: zeros) + bytes.reversed()
    }

    /// number = number · factor + digit, in digits of `base`.
    private static func push(_ digit: Int, times factor: Int, onto digits: inout [UInt8], base: Int) {
        var carry = digit
        for index in digits.indices {
            carry += Int(digits[index]) * factor
            digits[index] = UInt8(carry % base)
            carry /= base
        }
        while carry > 0 {
            digits.append(UInt8(carry % base))
            carry /= base
        }
    }
}
