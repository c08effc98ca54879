// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Named values, kept in byte order of the names.
///
/// The names are shared by all tuples that one expression makes, so that making one costs an array of values only.
///
/// - Range: at least one field in a program; names do not repeat.
/// - Source: SIP-002, "Types", tuple.
public struct ClarityTuple: Hashable, Sendable {
    /// The names of the fields, ascending by bytes.
    public let names: [ClarityName]
    /// The values of the fields, in the order of ``names``.
    public private(set) var values: [ClarityValue]

    /// Sorts the fields; a name that is there twice gives `nil`.
    public init?(_ fields: [(name: ClarityName, value: ClarityValue)]) {
        let sorted = fields.sorted { $0.name < $1.name }
        guard zip(sorted, sorted.dropFirst()).allSatisfy({ $0.name != $1.name }) else { return nil }
        names = sorted.map(\.name)
        values = sorted.map(\.value)
    }

    /// Takes names that are sorted already and as many values; anything else is `nil`.
    public init?(sorted names: [ClarityName], values: [ClarityValue]) {
        guard names.count == values.count, zip(names, names.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
        self.names = names
        self.values = values
    }

    /// The value of a field, or `nil` when there is none of this name.
    public subscript(_ name: ClarityName) -> ClarityValue? {
        // Tuples are short: going through them is quicker than searching.
        names.firstIndex(of: name).map { values[$0] }
    }

    /// The value of the field of this name; the name is written as a plain text.
    public subscript(_ name: String) -> ClarityValue? {
        names.firstIndex { $0.text == name }.map { values[$0] }
    }

    /// Names and values together, in the order of the names.
    public var fields: [(name: ClarityName, value: ClarityValue)] {
        zip(names, values).map { (name: $0, value: $1) }
    }

    /// This tuple with the fields of `other`, which win where both have one.
    public func merging(_ other: ClarityTuple) -> ClarityTuple {
        var merged = self
        if names == other.names {
            merged.values = other.values
            return merged
        }
        var fields = fields.filter { !other.names.contains($0.name) }
        fields += other.fields
        // No name is left twice.
        return ClarityTuple(fields) ?? self
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(values) }
}
