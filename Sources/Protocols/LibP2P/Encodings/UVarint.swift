// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Unsigned numbers in seven bits a byte, the low ones first.
///
/// - Range: 0 through 2⁶³ − 1, in one through nine bytes, always the fewest.
/// - Source: multiformats/unsigned-varint, "Practical maximum of 9 bytes".
public enum UVarint {
    /// What the start of some bytes reads as.
    public enum Reading: Hashable, Sendable {
        case value(UInt64, length: Int)
        /// More bytes are needed to tell.
        case incomplete
    }

    /// The largest number that can be written.
    public static let maximum = UInt64(Int64.max)

    public static func encode(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return bytes
    }

    /// Numbers above ``maximum`` are written as if they were ``maximum``, since no reader would take more.
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = min(value, maximum)
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Reads the number at the start of `bytes`, which may have arrived only in part.
    public static func read(_ bytes: ArraySlice<UInt8>) throws(WireError) -> Reading {
        var value: UInt64 = 0
        var length = 0
        for byte in bytes {
            guard length < 9 else { throw .varintTooLong }
            value |= UInt64(byte & 127) << UInt64(7 * length)
            length += 1
            if byte < 128 {
                guard byte != 0 || length == 1 else { throw .varintNotMinimal }
                return .value(value, length: length)
            }
        }
        guard length < 9 else { throw .varintTooLong }
        return .incomplete
    }
}
