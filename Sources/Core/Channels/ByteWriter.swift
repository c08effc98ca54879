// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Writes the stored form of a channel: fixed widths, big-endian, lengths before what varies.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    /// - Parameter version: The first byte, by which a reader knows the layout of the rest.
    public init(version: UInt8, capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
        bytes.append(version)
    }

    public mutating func write(_ value: UInt8) { bytes.append(value) }
    public mutating func write(_ value: UInt32) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func write(_ value: UInt64) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }
    public mutating func write(_ value: Instant) { write(value.unixSeconds) }
    public mutating func write(_ value: Amount) {
        withUnsafeBytes(of: value.units.bigEndian) { bytes.append(contentsOf: $0) }
    }
    public mutating func write(_ value: Hash32) { value.withBytes { bytes.append(contentsOf: $0) } }
    /// r ‖ s ‖ v.
    public mutating func write(_ value: Signature) {
        write(value.r)
        write(value.s)
        write(value.isOdd ? UInt8(28) : 27)
    }
    public mutating func write(_ value: Address) { value.withBytes { bytes.append(contentsOf: $0) } }

    /// The length, 65, and 0x04 ‖ x ‖ y: uncompressed, because that parses forty times faster.
    public mutating func write(_ value: PublicKey) {
        write(UInt64(65))
        withUnsafeTemporaryAllocation(byteCount: 65, alignment: 1) { space in
            guard value.writeUncompressed(to: space) else { return }
            bytes.append(contentsOf: UnsafeRawBufferPointer(space))
        }
    }

    /// Up to 2⁶⁴ − 1 bytes behind their number.
    public mutating func write(_ value: [UInt8]) {
        write(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// A byte that says whether there is a value, and the value.
    public mutating func write<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
        self.write(value == nil ? UInt8(0) : 1)
        if let value { write(&self, value) }
    }

    /// Fields of known length, as a ``FixedByteWriter`` writes them.
    ///
    /// - Parameter count: How many bytes there will be; what does not fit is left out.
    public mutating func write(fixed count: Int, _ write: (inout FixedByteWriter) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { space in
            var writer = FixedByteWriter(space: space)
            write(&writer)
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: space[..<writer.count]))
        }
    }
}
