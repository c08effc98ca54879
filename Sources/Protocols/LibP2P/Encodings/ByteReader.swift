// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// A place in a message from a peer.
public typealias ByteReader = ByteCursor<WireError>

extension ByteCursor where Fault == WireError {
    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    public init(_ bytes: ArraySlice<UInt8>) { self.init(bytes, truncated: .truncated) }

    /// A number of at most nine bytes; see ``UVarint``.
    public mutating func uvarint() throws(WireError) -> UInt64 {
        switch try UVarint.read(rest) {
        case .value(let value, let length):
            _ = try take(length)
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
