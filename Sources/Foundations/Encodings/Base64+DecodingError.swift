// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension Base64 {
    /// Why a text is not Base64 that can be accepted.
    ///
    /// Offsets count bytes of UTF-8 from the start of the text, from 0.
    @nonexhaustive
    public enum DecodingError: Error, Equatable, CustomStringConvertible {
        /// No byte string has a text with this many characters.
        case badLength(Int)
        /// A character that is not in the alphabet, white space among them.
        case badCharacter(at: Int)
        /// A `=` where none belongs; without padding, that is anywhere.
        case badPadding(at: Int)
        /// The last character carries bits that belong to no byte, so the text is not the only one for its bytes.
        case trailingBits(at: Int)
        /// The text stands for more bytes than the limit; nothing of it was read.
        case tooLong(bytes: Int, limit: Int)
    }
}

extension Base64.DecodingError {
    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .badLength: "base64.bad-length"
        case .badCharacter: "base64.bad-character"
        case .badPadding: "base64.bad-padding"
        case .trailingBits: "base64.trailing-bits"
        case .tooLong: "base64.too-long"
        }
    }

    /// One sentence: what was refused, with the numbers that decided it.
    public var message: String {
        switch self {
        case .badLength(let count): "No Base64 text of this kind is \(count) characters long."
        case .badCharacter(let offset): "The Base64 text has a character of another alphabet at offset \(offset)."
        case .badPadding(let offset): "The Base64 text has padding where none belongs, at offset \(offset)."
        case .trailingBits(let offset): "The Base64 text has bits left over in its character at offset \(offset)."
        case .tooLong(let bytes, let limit): "The Base64 text holds \(bytes) bytes, but at most \(limit) are read."
        }
    }

    public var description: String { message }
}
