// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingPrimitives

/// Bytes from the system's random number generator.
enum RandomBytes {
    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// A random UUID, such as `b51a6b7a-3f33-4d0c-9d0f-0a3b6f5f6a11`.
    ///
    /// - Source: RFC 9562, section 5.4 (version 4).
    static func uuid() -> String {
        var bytes = bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { Hex.digits(bytes[$0]) }.joined(separator: "-")
    }
}
