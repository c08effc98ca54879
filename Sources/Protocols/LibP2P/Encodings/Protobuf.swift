// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingEncodings

/// The small part of protocol buffers that libp2p's messages need: numbers and byte strings.
///
/// Fields are written in the order in which they are added, with minimal varints, so equal messages are equal bytes.
///
/// - Source: Protocol Buffers encoding; wire types 0 (varint) and 2 (length-delimited).
public struct ProtobufWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// A number, zero included.
    public mutating func add(_ field: Int, _ value: UInt64) {
        UVarint.append(UInt64(field) << 3, to: &bytes)
        // All 64 bits, which a uvarint has not.
        var rest = value
        while rest > 127 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    public mutating func add(_ field: Int, _ value: some Collection<UInt8>) {
        UVarint.append(UInt64(field) << 3 | 2, to: &bytes)
        bytes.append(prefixed: value)
    }

    public mutating func add(_ field: Int, _ text: String) { add(field, text.utf8) }

    /// Nothing at all when there is no value.
    public mutating func add(_ field: Int, ifPresent value: [UInt8]?) {
        if let value { add(field, value) }
    }
}

/// The fields of a message, in the order in which they came.
///
/// A message of `n` bytes has at most `n / 2` fields, and byte strings are slices of it, so nothing grows beyond it.
public struct ProtobufMessage: Sendable {
    public enum Value: Hashable, Sendable {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private let fields: [(number: UInt64, value: Value)]

    public init(_ bytes: [UInt8]) throws(WireError) { try self.init(bytes[...]) }

    /// Reads fields until the end.
    ///
    /// - Throws: ``WireError/badField`` for fixed-width fields and groups too, which no message here has.
    public init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        var fields: [(number: UInt64, value: Value)] = []
        while !reader.isAtEnd {
            let key = try reader.uvarint()
            guard key >> 3 > 0 else { throw .badField }
            switch key & 7 {
            case 0: fields.append((key >> 3, .number(try reader.longNumber())))
            case 2: fields.append((key >> 3, .bytes(try reader.prefixed())))
            default: throw .badField
            }
        }
        self.fields = fields
    }

    /// The last number of a field, as protocol buffers have it, or `nil`.
    public func number(_ field: UInt64) -> UInt64? {
        for case (field, .number(let value)) in fields.reversed() { return value }
        return nil
    }

    /// The last byte string of a field, or `nil`.
    public func bytes(_ field: UInt64) -> [UInt8]? {
        for case (field, .bytes(let value)) in fields.reversed() { return Array(value) }
        return nil
    }

    /// The last byte string of a field that must be there.
    public func required(_ field: UInt64) throws(WireError) -> [UInt8] {
        guard let bytes = bytes(field) else { throw .missingField(Int(field)) }
        return bytes
    }

    /// Every byte string of a repeated field.
    public func all(_ field: UInt64) -> [[UInt8]] {
        fields.compactMap { entry in
            if entry.number == field, case .bytes(let value) = entry.value { Array(value) } else { nil }
        }
    }

    /// The last text of a field, or `nil` when it is absent.
    public func text(_ field: UInt64) throws(WireError) -> String? {
        guard let bytes = bytes(field) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        return text
    }
}

extension ByteReader {
    /// A number of a message: up to ten bytes, since a negative one takes all 64 bits.
    fileprivate mutating func longNumber() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            guard shift < 63 || byte < 2 else { throw .varintTooLong }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
        }
        throw .varintTooLong
    }
}
