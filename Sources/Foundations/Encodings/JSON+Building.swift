// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) {
        self = .string(value)
    }
}

extension JSON: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int64) {
        self = .number(Number(value))
    }
}

extension JSON: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) {
        self = .bool(value)
    }
}

extension JSON: ExpressibleByArrayLiteral {
    public init(arrayLiteral elements: JSON...) {
        self = .array(elements)
    }
}

extension JSON: ExpressibleByDictionaryLiteral {
    /// An object with its members in the order of the literal; a name written twice keeps its later value.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = elements.reduce(.object([])) { object, pair in object.adding(pair.0, pair.1) }
    }
}

extension JSON {
    /// An object without the members whose value is `nil`, in the order given.
    ///
    /// `nil` means that a member is not there at all; write ``JSON/null`` for a member that is there and empty. A
    /// name given twice keeps its later value.
    public static func object(_ pairs: KeyValuePairs<String, JSON?>) -> JSON {
        pairs.reduce(.object([])) { object, pair in
            guard let value = pair.value else { return object }
            return object.adding(pair.key, value)
        }
    }

    /// A whole number as a JSON value.
    public static func integer(_ value: some FixedWidthInteger) -> JSON {
        .number(Number(value))
    }

    /// This object with a member more, or with another value in place of the member that has this name.
    ///
    /// A value that is not an object comes back as it was: there is nothing to add a member to.
    public func adding(_ name: String, _ value: JSON) -> JSON {
        guard case .object(var members) = self else { return self }
        let member = Member(name: name, value: value)
        if let index = members.firstIndex(where: { ExactText.same($0.name, name) }) {
            members[index] = member
        } else {
            members.append(member)
        }
        return .object(members)
    }
}
