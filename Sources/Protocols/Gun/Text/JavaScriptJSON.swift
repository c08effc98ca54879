// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings

/// JSON as JavaScript's `JSON.parse` reads it and `JSON.stringify` writes it.
///
/// Reading is `FarthingEncodings/JSON`'s own strict parser; writing is its writer, after the numbers were brought into
/// the form of ECMAScript and the members into the order of a JavaScript object. What that parser cannot hold is half of
/// a surrogate pair, because a Swift string cannot. Here such a half stands as the private-use scalar U+100000 + its
/// code, and goes out as the escape it came in with. Those 2048 scalars themselves, U+10D800 through U+10DFFF, are
/// refused on reading, so that no two JavaScript texts become one Swift text.
///
/// - Source: ECMA-262, sections 25.5.1 (`JSON.parse`) and 25.5.2 (`JSON.stringify`).
public enum JavaScriptJSON {
    /// In which order an object's members are written.
    public enum Order: Sendable {
        /// As in a JavaScript object: whole numbers first and ascending, then the others as they were put in.
        case insertion
        /// As in a JavaScript object into which the members were put sorted by UTF-16 code units.
        case sorted
    }

    /// Reads what arrived from a peer.
    ///
    /// - Throws: `JSON.ParseError`, also for an object that repeats a name, which `JSON.parse` would let pass.
    public static func parse(
        _ bytes: [UInt8], limits: JSON.Limits = .default
    ) throws(JSON.ParseError) -> JSON {
        guard bytes.count <= limits.maximumBytes else {
            throw .tooLong(bytes: bytes.count, limit: limits.maximumBytes)
        }
        return try JSON.parse(try LoneSurrogates.standIn(bytes, isNested: false), limits: limits)
    }

    /// Reads JSON that lies as a string in other JSON, in which stand-ins for halves of surrogate pairs may be already.
    ///
    /// - Throws: `JSON.ParseError`, as ``parse(_:limits:)`` does.
    public static func parse(
        nested text: String, limits: JSON.Limits = .default
    ) throws(JSON.ParseError) -> JSON {
        guard text.utf8.count <= limits.maximumBytes else {
            throw .tooLong(bytes: text.utf8.count, limit: limits.maximumBytes)
        }
        return try JSON.parse(try LoneSurrogates.standIn(Array(text.utf8), isNested: true), limits: limits)
    }

    /// The text that `JSON.stringify` makes, in UTF-8.
    public static func bytes(_ value: JSON, order: Order = .insertion) -> [UInt8] {
        LoneSurrogates.escape(normal(value, order: order).bytes)
    }

    /// The text that `JSON.stringify` makes.
    public static func text(_ value: JSON, order: Order = .insertion) -> String {
        String(decoding: bytes(value, order: order), as: UTF8.self)
    }

    /// A number as JavaScript writes it; `null` stands for one that is not finite.
    public static func number(_ value: Double) -> JSON {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return .number(JSON.Number(whole)) }
        return JSON.Number(text: ECMAScriptNumber.text(value)).map { .number($0) } ?? .null
    }

    private static func normal(_ value: JSON, order: Order) -> JSON {
        switch value {
        case .null, .bool, .string: value
        case .number(let number): normal(number)
        case .array(let elements): .array(elements.map { normal($0, order: order) })
        case .object(let members):
            .object(arranged(members, order).map { JSON.Member(name: $0.name, value: normal($0.value, order: order)) })
        }
    }

    private static func normal(_ written: JSON.Number) -> JSON {
        // Whole numbers of up to 15 digits are exact in a double and stand as JavaScript would write them.
        if written.text.utf8.count <= 15, let whole = written.integer { return .number(JSON.Number(whole)) }
        return Double(written.text).map(number) ?? .null
    }

    private static func arranged(_ members: [JSON.Member], _ order: Order) -> [JSON.Member] {
        let hasIndices = members.contains { arrayIndex($0.name) != nil }
        var rest = hasIndices ? members.filter { arrayIndex($0.name) == nil } : members
        if order == .sorted { rest.sort { $0.name.utf16.lexicographicallyPrecedes($1.name.utf16) } }
        guard hasIndices else { return rest }
        let indexed = members.compactMap { member in arrayIndex(member.name).map { ($0, member) } }
        return indexed.sorted { $0.0 < $1.0 }.map(\.1) + rest
    }

    /// The number that a name is for JavaScript, if it is one.
    ///
    /// - Range: 0 through 2³² − 2.
    /// - Source: ECMA-262, section 6.1.7 (array index).
    private static func arrayIndex(_ name: String) -> UInt32? {
        guard let first = name.utf8.first, first &- UInt8(ascii: "0") < 10, name.utf8.count <= 10 else { return nil }
        guard first != UInt8(ascii: "0") || name.utf8.count == 1 else { return nil }
        guard let index = UInt32(name), index < .max else { return nil }
        return index
    }
}
