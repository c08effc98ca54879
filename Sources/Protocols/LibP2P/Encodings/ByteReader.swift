// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A place in bytes from outside, from which values are taken one after another.
///
/// Nothing is taken when a take throws.
public struct ByteReader: Sendable {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    public init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// How many bytes are left.
    public var remaining: Int { bytes.endIndex - position }

    public var isAtEnd: Bool { remaining == 0 }

    /// All that is left, without taking it.
    public var rest: ArraySlice<UInt8> { bytes[position...] }

    /// One byte.
    public mutating func byte() throws(WireError) -> UInt8 {
        guard remaining > 0 else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    /// The next `count` bytes.
    public mutating func take(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= remaining else { throw .truncated }
        defer { position += count }
        return bytes[position..<position + count]
    }

    /// Two bytes, the high one first.
    public mutating func uint16() throws(WireError) -> UInt16 {
        let pair = try take(2)
        return UInt16(pair[pair.startIndex]) << 8 | UInt16(pair[pair.startIndex + 1])
    }

    /// Four bytes, the high one first.
    public mutating func uint32() throws(WireError) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A number of at most nine bytes; see ``UVarint``.
    public mutating func uvarint() throws(WireError) -> UInt64 {
        switch try UVarint.read(rest) {
        case .value(let value, let length):
            position += length
            return value
        case .incomplete: throw .truncated
        }
    }

    /// A uvarint and as many bytes as it says.
    ///
    /// - Throws: ``WireError/tooLong(length:limit:)`` when it says more than `limit`, before any of them is looked at.
    public mutating func prefixed(limit: Int = .max) throws(WireError) -> ArraySlice<UInt8> {
        var ahead = self
        let length = try ahead.uvarint()
        guard length <= UInt64(max(limit, 0)) else { throw .tooLong(length: length, limit: limit) }
        let taken = try ahead.take(Int(clamping: length))
        self = ahead
        return taken
    }

    /// Fails when bytes are left.
    public func finish() throws(WireError) {
        guard isAtEnd else { throw .trailingBytes(remaining) }
    }
}

extension Array where Element == UInt8 {
    /// Appends two bytes, the high one first.
    mutating func append(uint16 value: UInt16) {
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends four bytes, the high one first.
    mutating func append(uint32 value: UInt32) {
        append(uint16: UInt16(truncatingIfNeeded: value >> 16))
        append(uint16: UInt16(truncatingIfNeeded: value))
    }

    /// Appends how many bytes there are as a uvarint, and the bytes.
    mutating func append(prefixed bytes: some Collection<UInt8>) {
        UVarint.append(UInt64(bytes.count), to: &self)
        append(contentsOf: bytes)
    }
}
