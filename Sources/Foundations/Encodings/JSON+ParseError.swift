// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON {
    /// Why a text is not JSON that can be accepted.
    ///
    /// Offsets count bytes of UTF-8 from the start of the text, from 0.
    @nonexhaustive
    public enum ParseError: Error, Equatable, CustomStringConvertible {
        /// The text is longer than the limit, both in bytes; nothing of it was read.
        case tooLong(bytes: Int, limit: Int)
        /// The text ends before its value does; an empty text is one of these.
        case truncated
        /// A byte that no JSON has in this place, an unescaped control character in a string among them.
        case unexpectedByte(at: Int)
        /// A number that breaks the grammar, such as `01`, `1.` or `-x`; the offset is where it starts.
        case badNumber(at: Int)
        /// An escape that JSON does not know, or half of a surrogate pair; the offset is that of its backslash.
        case badEscape(at: Int)
        /// A string that is not UTF-8; the offset is where the ill-formed sequence starts.
        case notUTF8(at: Int)
        /// A name the object has already, cut to its first 64 Unicode scalars; the offset is its opening quote.
        case duplicateMember(name: String, at: Int)
        /// More arrays and objects inside each other than the limit allows.
        case tooDeep(limit: Int)
        /// Something other than white space after the value.
        case trailing(at: Int)
    }
}

extension JSON.ParseError {
    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .tooLong: "json.too-long"
        case .truncated: "json.truncated"
        case .unexpectedByte: "json.unexpected-byte"
        case .badNumber: "json.bad-number"
        case .badEscape: "json.bad-escape"
        case .notUTF8: "json.not-utf8"
        case .duplicateMember: "json.duplicate-member"
        case .tooDeep: "json.too-deep"
        case .trailing: "json.trailing"
        }
    }

    /// One sentence: what was refused, with the numbers that decided it.
    public var message: String {
        switch self {
        case .tooLong(let bytes, let limit): "The JSON is \(bytes) bytes long, but at most \(limit) are read."
        case .truncated: "The JSON ends before its value does."
        case .unexpectedByte(let offset): "The JSON has an unexpected byte at offset \(offset)."
        case .badNumber(let offset): "The JSON has a malformed number at offset \(offset)."
        case .badEscape(let offset): "The JSON has a malformed escape at offset \(offset)."
        case .notUTF8(let offset): "The JSON is not UTF-8 at offset \(offset)."
        case .duplicateMember(let name, let offset):
            "The JSON repeats the member \(JSON.string(name).text) at offset \(offset)."
        case .tooDeep(let limit): "The JSON is nested deeper than \(limit) levels."
        case .trailing(let offset): "The JSON is followed by something else at offset \(offset)."
        }
    }

    public var description: String { message }

    static func duplicate(_ name: String, at offset: Int) -> JSON.ParseError {
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: name.unicodeScalars.prefix(64))
        return .duplicateMember(name: String(cut), at: offset)
    }
}
