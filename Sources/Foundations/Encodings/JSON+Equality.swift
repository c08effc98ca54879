// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension JSON: Hashable {
    /// Whether JSON means the same by both: the order of an object's members does not count, anything else does.
    public static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): ExactText.same(left, right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): same(left, right)
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }

    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null:
            hasher.combine(0)
        case .bool(let truth):
            hasher.combine(1)
            hasher.combine(truth)
        case .number(let number):
            hasher.combine(2)
            hasher.combine(number)
        case .string(let text):
            hasher.combine(3)
            hasher.combine(ExactText(text))
        case .array(let elements):
            hasher.combine(4)
            hasher.combine(elements)
        case .object(let members):
            hasher.combine(5)
            hasher.combine(members.count)
            hasher.combine(members.reduce(0) { $0 &+ $1.hashValue })
        }
    }

    /// Whether `other` is a part of this value.
    ///
    /// Of an object it is enough that every member of `other` is here, with a value that contains the other's
    /// value in turn; arrays and everything else must be equal. A payer may so echo an offer with more members
    /// than it was made with, but never with different ones.
    public func contains(_ other: JSON) -> Bool {
        guard case .object(let members) = self, case .object(let wanted) = other else { return self == other }
        guard members.count > Self.smallObject else {
            return wanted.allSatisfy { self[$0.name]?.contains($0.value) ?? false }
        }
        let pairs = members.map { (ExactText($0.name), $0.value) }
        let byName = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        return wanted.allSatisfy { byName[ExactText($0.name)]?.contains($0.value) ?? false }
    }

    /// How many members are still looked through one by one; above it, a hash table costs less.
    static var smallObject: Int { 8 }

    private static func same(_ left: [Member], _ right: [Member]) -> Bool {
        guard left.count == right.count else { return false }
        if zip(left, right).allSatisfy({ ExactText.same($0.name, $1.name) }) {
            return zip(left, right).allSatisfy { $0.value == $1.value }
        }
        return sorted(left) == sorted(right)
    }

    /// The members by name; those with one name keep their order, so that equality stays transitive even then.
    private static func sorted(_ members: [Member]) -> [Member] {
        members.enumerated().sorted { left, right in
            if ExactText.same(left.element.name, right.element.name) { return left.offset < right.offset }
            return ExactText.inOrder(left.element.name, right.element.name)
        }.map(\.element)
    }
}

extension JSON.Member: Hashable {
    public static func == (left: JSON.Member, right: JSON.Member) -> Bool {
        ExactText.same(left.name, right.name) && left.value == right.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(name))
        hasher.combine(value)
    }
}
