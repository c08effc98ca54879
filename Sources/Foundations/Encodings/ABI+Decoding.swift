// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingPrimitives

extension ABI {
    /// Why bytes are not the values that were expected.
    public enum DecodingError: Error, Hashable, CustomStringConvertible {
        /// There are fewer bytes than the values take.
        case tooShort(bytes: Int)
        /// There are more bytes than the values take.
        case tooLong(bytes: Int)
        /// A number or an address has bits set outside its type, or is more than can be held here.
        case outOfRange
        /// A text is not laid out as one, longer than the limit, or not UTF-8.
        case badText

        public var description: String {
            switch self {
            case .tooShort(let bytes): "\(bytes) bytes are too few"
            case .tooLong(let bytes): "\(bytes) bytes are too many"
            case .outOfRange: "a value is out of the range of its type"
            case .badText: "a text is not well-formed"
            }
        }
    }

    /// Reads encoded values of fixed size one after the other, each a word of 32 bytes.
    ///
    /// Strict: bits that the type does not have must be zero, and nothing may follow the last value.
    ///
    /// - Source: Solidity documentation, "Contract ABI Specification", "Strict Encoding Mode".
    public struct WordReader: Sendable {
        private let bytes: [UInt8]
        private var next = 0

        public init(_ bytes: [UInt8]) { self.bytes = bytes }

        public mutating func bytes32() throws(DecodingError) -> Hash32 {
            guard bytes.count - next >= 32, let word = Hash32(bytes[next..<next + 32]) else {
                throw .tooShort(bytes: bytes.count)
            }
            next += 32
            return word
        }

        public mutating func address() throws(DecodingError) -> Address {
            let word = try bytes32().bytes
            guard word.prefix(12).allSatisfy({ $0 == 0 }), let address = Address(word.suffix(20)) else {
                throw .outOfRange
            }
            return address
        }

        /// A `uint` of any width whose value fits into an amount.
        public mutating func amount() throws(DecodingError) -> Amount {
            let word = try bytes32().bytes
            guard word.prefix(16).allSatisfy({ $0 == 0 }) else { throw .outOfRange }
            return Amount(units: word.suffix(16).reduce(0 as UInt128) { $0 << 8 | UInt128($1) })
        }

        /// A `uint` of at most this value.
        public mutating func uint(upTo limit: UInt64 = .max) throws(DecodingError) -> UInt64 {
            guard let value = UInt64(exactly: try amount().units), value <= limit else { throw .outOfRange }
            return value
        }

        /// Checks that all has been read.
        public func finish() throws(DecodingError) {
            guard next == bytes.count else { throw .tooLong(bytes: bytes.count) }
        }
    }

    /// The one `string` that a function returned.
    ///
    /// - Parameters:
    ///   - bytes: All that it returned: the offset 32, the length, and the text, padded with zeros to whole words.
    ///   - limit: How many bytes of UTF-8 the text may have.
    public static func decodeString(_ bytes: [UInt8], limit: Int) throws(DecodingError) -> String {
        var reader = WordReader(Array(bytes.prefix(64)))
        guard try reader.uint() == 32 else { throw .badText }
        let length = try reader.uint()
        guard length <= UInt64(clamping: limit) else { throw .badText }
        let words = (Int(length) + 31) / 32
        guard bytes.count >= 64 + words * 32 else { throw .tooShort(bytes: bytes.count) }
        guard bytes.count == 64 + words * 32 else { throw .tooLong(bytes: bytes.count) }
        let text = bytes[64..<64 + Int(length)]
        guard bytes[(64 + Int(length))...].allSatisfy({ $0 == 0 }),
            let string = String(validating: text, as: UTF8.self)
        else { throw .badText }
        return string
    }
}
