// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Bytes as text in base 16, with or without `0x` in front.
///
/// - Source: Ethereum JSON-RPC, "Hex encoding: unformatted data".
public enum Hex {
    /// Lower-case digits behind `0x`.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        "0x" + digits(bytes)
    }

    /// Lower-case digits and nothing in front.
    public static func digits(_ bytes: some Collection<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            var index = 0
            for byte in bytes {
                text[index] = alphabet[Int(byte >> 4)]
                text[index + 1] = alphabet[Int(byte & 15)]
                index += 2
            }
            return index
        }
    }

    /// The bytes that `text` spells, or `nil` when a digit is foreign or their number is odd.
    public static func decode(_ text: String) -> [UInt8]? {
        let digits = text.utf8.dropFirst(text.hasPrefix("0x") ? 2 : 0)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    /// What a digit of either case stands for, or `nil` when it is foreign.
    @inlinable
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static let alphabet = Array("0123456789abcdef".utf8)
}
