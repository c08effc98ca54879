// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Writes a stored form whose length is known before: one allocation of that length, and no other.
///
/// The layout is that of ``ByteWriter``. What does not fit is left out, so a length that was counted wrong gives bytes
/// that no reader takes, and never writes beside them.
public struct FixedByteWriter {
    @usableFromInline var space: UnsafeMutableRawBufferPointer
    @usableFromInline var count = 0

    /// - Parameters:
    ///   - version: The first byte, by which a reader knows the layout of the rest.
    ///   - count: How many bytes there will be, the version among them.
    @inlinable
    public static func bytes(version: UInt8, count: Int, _ write: (inout FixedByteWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var writer = FixedByteWriter(space: UnsafeMutableRawBufferPointer(buffer))
            writer.write(version)
            write(&writer)
            initialized = writer.count
        }
    }

    @usableFromInline init(space: UnsafeMutableRawBufferPointer) { self.space = space }

    @inlinable mutating func store<Value: BitwiseCopyable>(_ value: Value) {
        guard count + MemoryLayout<Value>.size <= space.count else { return }
        space.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    @inlinable public mutating func write(_ value: UInt8) { store(value) }
    @inlinable public mutating func write(_ value: UInt32) { store(value.bigEndian) }
    @inlinable public mutating func write(_ value: UInt64) { store(value.bigEndian) }
    @inlinable public mutating func write(_ value: Instant) { store(value.unixSeconds.bigEndian) }
    @inlinable public mutating func write(_ value: Amount) { store(value.units.bigEndian) }
    @inlinable public mutating func write(_ value: Hash32) { value.withBytes { write($0) } }
    @inlinable public mutating func write(_ value: Address) { value.withBytes { write($0) } }

    /// r ‖ s ‖ v.
    public mutating func write(_ value: Signature) {
        write(value.r)
        write(value.s)
        write(value.isOdd ? UInt8(28) : 27)
    }

    /// The length, 65, and 0x04 ‖ x ‖ y: uncompressed, because that parses forty times faster.
    public mutating func write(_ value: PublicKey) {
        write(UInt64(65))
        guard count + 65 <= space.count,
            value.writeUncompressed(to: UnsafeMutableRawBufferPointer(rebasing: space[count...]))
        else { return }
        count += 65
    }

    /// A byte that says whether there is a value, and the value.
    @inlinable
    public mutating func write<Value>(_ value: Value?, _ write: (inout FixedByteWriter, Value) -> Void) {
        self.write(value == nil ? UInt8(0) : 1)
        if let value { write(&self, value) }
    }

    @inlinable mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard count + bytes.count <= space.count else { return }
        UnsafeMutableRawBufferPointer(rebasing: space[count...]).copyMemory(from: bytes)
        count += bytes.count
    }
}
