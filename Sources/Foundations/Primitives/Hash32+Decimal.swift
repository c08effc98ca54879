// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Thirty-two bytes as a number of 256 bits, in decimal digits.
///
/// - Source: x402 v2 and Permit2 write `uint256` so in JSON.
extension Hash32 {
    /// Reads digits only, no sign, no zero in front.
    ///
    /// - Returns: `nil` also for 2²⁵⁶ and more.
    public init?(decimal text: String) {
        let digits = Array(text.utf8)
        // 2²⁵⁶ − 1 has 78 digits.
        guard (1...78).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits[0] != 0x30
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        for digit in digits {
            var carry = UInt32(digit - 0x30)
            for index in bytes.indices.reversed() {
                let value = UInt32(bytes[index]) * 10 + carry
                bytes[index] = UInt8(truncatingIfNeeded: value)
                carry = value >> 8
            }
            guard carry == 0 else { return nil }
        }
        self.init(bytes)
    }

    /// The digits that ``Hash32/init(decimal:)`` reads.
    public var decimal: String {
        var number = bytes
        var digits: [UInt8] = []
        repeat {
            var rest: UInt32 = 0
            for index in number.indices {
                let value = rest << 8 | UInt32(number[index])
                number[index] = UInt8(truncatingIfNeeded: value / 10)
                rest = value % 10
            }
            digits.append(0x30 + UInt8(truncatingIfNeeded: rest))
        } while number.contains { $0 != 0 }
        return String(decoding: digits.reversed(), as: UTF8.self)
    }
}
