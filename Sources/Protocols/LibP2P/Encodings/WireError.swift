// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why bytes or text are none of libp2p's basic encodings.
@nonexhaustive
public enum WireError: Error, Hashable, CustomStringConvertible {
    /// The bytes end before what was announced.
    case truncated
    /// A varint has a last byte of zero, so it is not the only spelling of its number.
    case varintNotMinimal
    /// A varint is longer than nine bytes.
    case varintTooLong
    /// Bytes are left over behind the last one that belongs.
    case trailingBytes(Int)
    /// A length is larger than what is accepted here.
    case tooLong(length: UInt64, limit: Int)
    /// A character of a text is not in its alphabet.
    case badCharacter
    /// A text has a length or a last character that no bytes are written as.
    case badText
    /// A multibase text starts with the letter of a base that is not known here.
    case unknownBase(String)
    /// A multihash has a digest whose length does not fit its function, or an unknown function.
    case badMultihash
    /// A protobuf field has a wire type other than 0 and 2, or the field number 0.
    case badField
    /// A message lacks a field that it must have.
    case missingField(Int)
    /// A text in a message is not UTF-8.
    case notUTF8

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .truncated: "wire.truncated"
        case .varintNotMinimal: "wire.varint-not-minimal"
        case .varintTooLong: "wire.varint-too-long"
        case .trailingBytes: "wire.trailing-bytes"
        case .tooLong: "wire.too-long"
        case .badCharacter: "wire.bad-character"
        case .badText: "wire.bad-text"
        case .unknownBase: "wire.unknown-base"
        case .badMultihash: "wire.bad-multihash"
        case .badField: "wire.bad-field"
        case .missingField: "wire.missing-field"
        case .notUTF8: "wire.not-utf8"
        }
    }

    public var description: String {
        switch self {
        case .tooLong(let length, let limit): "\(code): \(length) bytes, and at most \(limit) are read"
        case .missingField(let number): "\(code): field \(number)"
        case .trailingBytes(let count): "\(code): \(count)"
        case .unknownBase(let letter): "\(code): '\(letter)'"
        default: code
        }
    }
}
