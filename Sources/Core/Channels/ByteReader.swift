// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Reads what a ``ByteWriter`` wrote, and refuses anything else.
public struct ByteReader: Sendable {
    private var rest: ArraySlice<UInt8>

    /// - Throws: ``StoredFormError/newer(version:)`` when the first byte is above `newest`.
    public init(_ bytes: [UInt8], newest: UInt8) throws(StoredFormError) {
        guard let version = bytes.first, version > 0 else { throw .damaged }
        guard version <= newest else { throw .newer(version: version) }
        rest = bytes.dropFirst()
    }

    public mutating func byte() throws(StoredFormError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw .damaged }
        return byte
    }

    public mutating func uint32() throws(StoredFormError) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    public mutating func uint64() throws(StoredFormError) -> UInt64 {
        try take(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    public mutating func instant() throws(StoredFormError) -> Instant {
        Instant(unixSeconds: Int64(bitPattern: try uint64()))
    }

    public mutating func amount() throws(StoredFormError) -> Amount {
        Amount(units: try take(16).reduce(0) { $0 << 8 | UInt128($1) })
    }

    public mutating func hash() throws(StoredFormError) -> Hash32 {
        guard let hash = Hash32(try take(32)) else { throw .damaged }
        return hash
    }

    public mutating func address() throws(StoredFormError) -> Address {
        guard let address = Address(try take(20)) else { throw .damaged }
        return address
    }

    public mutating func signature() throws(StoredFormError) -> Signature {
        guard let signature = try? Signature(try take(65)) else { throw .damaged }
        return signature
    }

    public mutating func bytes() throws(StoredFormError) -> [UInt8] {
        guard let count = Int(exactly: try uint64()) else { throw .damaged }
        return Array(try take(count))
    }

    public mutating func optional<Value>(
        _ read: (inout ByteReader) throws(StoredFormError) -> Value
    ) throws(StoredFormError) -> Value? {
        switch try byte() {
        case 0: nil
        case 1: try read(&self)
        default: throw .damaged
        }
    }

    /// Refuses bytes that nobody asked for.
    public func finish() throws(StoredFormError) {
        guard rest.isEmpty else { throw .damaged }
    }

    private mutating func take(_ count: Int) throws(StoredFormError) -> ArraySlice<UInt8> {
        guard count >= 0, rest.count >= count else { throw .damaged }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
