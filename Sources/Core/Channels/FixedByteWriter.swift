// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

/// Writes a stored form whose length is known before: one allocation of that length, and no other.
///
/// The layout is that of ``ByteWriter``. What does not fit is left out, so a length that was counted wrong gives bytes
/// that no reader takes, and never writes beside them.
public struct FixedByteWriter {
    private var space: UnsafeMutableRawBufferPointer
    private var count = 0

    /// - Parameters:
    ///   - version: The first byte, by which a reader knows the layout of the rest.
    ///   - count: How many bytes there will be, the version among them.
    public static func bytes(version: UInt8, count: Int, _ write: (inout FixedByteWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var writer = FixedByteWriter(space: UnsafeMutableRawBufferPointer(buffer))
            writer.write(version)
            write(&writer)
            initialized = writer.count
        }
    }

    private init(space: UnsafeMutableRawBufferPointer) { self.space = space }

    private mutating func store<Value: BitwiseCopyable>(_ value: Value) {
        guard count + MemoryLayout<Value>.size <= space.count else { return }
        space.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count += MemoryLayout<Value>.size
    }

    public mutating func write(_ value: UInt8) { store(value) }
    public mutating func write(_ value: UInt32) { store(value.bigEndian) }
    public mutating func write(_ value: UInt64) { store(value.bigEndian) }
    public mutating func write(_ value: Instant) { store(value.unixSeconds.bigEndian) }
    public mutating func write(_ value: Amount) { store(value.units.bigEndian) }
    public mutating func write(_ value: Hash32) { value.withBytes { write($0) } }
    public mutating func write(_ value: Address) { value.withBytes { write($0) } }

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

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard count + bytes.count <= space.count else { return }
        UnsafeMutableRawBufferPointer(rebasing: space[count...]).copyMemory(from: bytes)
        count += bytes.count
    }
}
