// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// A JSON text as a value: what a peer wrote, checked once, with nothing rounded and nothing reordered.
///
/// Numbers keep the digits they were written with, and objects keep their members in order, so a value can be
/// written out again as it was read (apart from white space and escapes). Two values are equal when JSON means
/// the same by them: the order of an object's members does not count, and strings are compared byte for byte in
/// UTF-8, not by Unicode equivalence.
///
/// - Source: RFC 8259 (The JavaScript Object Notation Data Interchange Format).
public enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(Number)
    case string(String)
    case array([JSON])
    /// The members in the order they were written. Parsing never yields two with the same name; where code made
    /// such an object all the same, a look-up finds the first.
    case object([Member])
}

extension JSON {
    /// One `"name": value` of an object.
    public struct Member: Sendable {
        public let name: String
        public let value: JSON

        public init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }
}

// MARK: - Looking into a value

extension JSON {
    /// The value of the first member with this name, or `nil` when there is none or this is not an object.
    ///
    /// A member that is there and `null` yields ``JSON/null``, not `nil`.
    public subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { ExactText.same($0.name, name) }?.value
    }

    /// The text, or `nil` when this is not a string.
    public var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, or `nil` when this is not a number or ``Number/integer`` has none.
    ///
    /// - Range: −2⁶³ through 2⁶³ − 1.
    public var integerValue: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    /// The truth value, or `nil` when this is neither `true` nor `false`.
    public var boolValue: Bool? {
        guard case .bool(let truth) = self else { return nil }
        return truth
    }

    /// The elements, or `nil` when this is not an array.
    public var arrayValue: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members in the order they were written, or `nil` when this is not an object.
    public var members: [Member]? {
        guard case .object(let members) = self else { return nil }
        return members
    }
}
