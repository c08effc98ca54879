// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import NIOCore

/// As much of a response's head as a load generator looks at.
struct AnswerHead: Sendable {
    let status: Int
    /// Head and body together, in bytes; `nil` when the length is not told.
    let length: Int?
    let hasReceipt: Bool

    /// - Returns: `nil` while the head is not complete.
    init?(_ buffer: ByteBuffer) {
        let parsed = buffer.withUnsafeReadableBytes { bytes -> (status: Int, length: Int?, hasReceipt: Bool)? in
            guard let end = Self.end(of: bytes), bytes.count > 12 else { return nil }
            var bodyLength: Int?
            var hasReceipt = false
            var line = 0
            while line < end {
                if Self.begins("content-length: ", bytes, at: line) {
                    bodyLength = Self.number(bytes, at: line + 16)
                } else if Self.begins("payment-response: ", bytes, at: line) {
                    hasReceipt = true
                }
                while bytes[line] != UInt8(ascii: "\n") { line += 1 }
                line += 1
            }
            return (Self.number(bytes, at: 9), bodyLength.map { end + $0 }, hasReceipt)
        }
        guard let parsed else { return nil }
        (status, length, hasReceipt) = parsed
    }

    /// Where the body begins.
    private static func end(of bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n"), bytes[index - 2] == UInt8(ascii: "\n") { return index + 1 }
            index += 1
        }
        return nil
    }

    /// - Parameter name: In lower case.
    private static func begins(_ name: StaticString, _ bytes: UnsafeRawBufferPointer, at start: Int) -> Bool {
        guard start + name.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<name.utf8CodeUnitCount {
            let byte = bytes[start + index]
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUpper ? byte | 0x20 : byte) == name.utf8Start[index] else { return false }
        }
        return true
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at start: Int) -> Int {
        var number = 0
        for byte in bytes[min(start, bytes.count)...] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { break }
            number = number * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return number
    }
}
