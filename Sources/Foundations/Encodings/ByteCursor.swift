// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A place in bytes from outside, from which values are taken one after another, never past the end.
///
/// Nothing is taken when a take throws. What it throws is the error of whoever reads, given once.
public struct ByteCursor<Fault: Error>: Sendable {
    @usableFromInline let bytes: ArraySlice<UInt8>
    @usableFromInline var position: Int
    @usableFromInline let truncated: Fault

    /// - Parameter truncated: What is thrown when there are fewer bytes than are asked for.
    @inlinable
    public init(_ bytes: ArraySlice<UInt8>, truncated: Fault) {
        self.bytes = bytes
        position = bytes.startIndex
        self.truncated = truncated
    }

    /// How many bytes are left.
    @inlinable
    public var remaining: Int { bytes.endIndex - position }

    @inlinable
    public var isAtEnd: Bool { position == bytes.endIndex }

    /// All that is left, without taking it.
    @inlinable
    public var rest: ArraySlice<UInt8> { bytes[position...] }

    /// One byte.
    @inlinable
    public mutating func byte() throws(Fault) -> UInt8 {
        guard position < bytes.endIndex else { throw truncated }
        defer { position += 1 }
        return bytes[position]
    }

    /// The next `count` bytes.
    @inlinable
    public mutating func take(_ count: Int) throws(Fault) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// A number without a sign, in as many bytes as its type has, the high ones first.
    @inlinable
    public mutating func number<Number: FixedWidthInteger & UnsignedInteger>() throws(Fault) -> Number {
        var number: Number = 0
        for byte in try take(Number.bitWidth / 8) { number = number << 8 | Number(byte) }
        return number
    }
}
