// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Amount {
    /// Appends the atomic units in decimal, as ``description`` has them.
    public func writeDigits(to text: inout [UInt8]) {
        guard let short = UInt64(exactly: units) else {
            text += Array(description.utf8)
            return
        }
        // 2⁶⁴ − 1 has twenty digits.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = short
            var index = 20
            repeat {
                index -= 1
                digits[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            text.append(contentsOf: UnsafeBufferPointer(rebasing: digits[index...]))
        }
    }
}

extension Hex {
    /// Appends 64 lower-case digits.
    public static func write(_ hash: Hash32, to text: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            hash.withBytes { bytes in
                for index in 0..<32 {
                    digits[2 * index] = digit(bytes[index] >> 4)
                    digits[2 * index + 1] = digit(bytes[index] & 15)
                }
            }
            text.append(contentsOf: UnsafeBufferPointer(digits))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + (value - 10)
    }
}
