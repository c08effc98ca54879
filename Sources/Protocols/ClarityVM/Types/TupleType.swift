// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

/// The type of a tuple: its fields in byte order of their names.
public struct TupleType: Hashable, Sendable {
    /// A field of a tuple type.
    public struct Field: Hashable, Sendable {
        /// What the field is called.
        public let name: ClarityName
        /// What it holds.
        public let type: ClarityType

        /// A field of this name and type.
        public init(name: ClarityName, type: ClarityType) {
            self.name = name
            self.type = type
        }
    }

    /// Sorted by name; never empty.
    public let fields: [Field]
    /// The size of the largest value in bytes, its description included.
    public let size: Int
    let descriptionSize: Int
    let depth: Int
    let weight: Int

    /// The type of tuples with these fields, which may come in any order.
    ///
    /// - Throws: ``CheckReason/emptyTuplesNotAllowed``, ``CheckReason/nameAlreadyUsed(_:)``,
    ///   ``CheckReason/typeSignatureTooDeep`` or ``CheckReason/valueTooLarge``.
    public init(_ fields: [Field]) throws(CheckReason) {
        guard !fields.isEmpty else { throw .emptyTuplesNotAllowed }
        let sorted = fields.sorted { $0.name < $1.name }
        for (field, next) in zip(sorted, sorted.dropFirst()) where field.name == next.name {
            throw .nameAlreadyUsed(field.name.description)
        }
        var (depth, values, descriptions, names) = (0, 0, 0, 0)
        for field in sorted {
            depth = max(depth, 1 + field.type.depth)
            values += field.type.size
            descriptions += field.type.descriptionSize
            names += field.name.description.utf8.count
        }
        guard depth <= ClarityType.maximumDepth else { throw .typeSignatureTooDeep }
        self.fields = sorted
        self.depth = depth
        weight = sorted.reduce(1) { $0 + 1 + $1.type.weight }
        descriptionSize = 2 * sorted.count + names + descriptions
        size = 2 * sorted.count + names + values + descriptionSize
        guard size <= ClarityType.maximumSize, descriptionSize <= ClarityType.maximumSize else {
            throw .valueTooLarge
        }
    }

    /// The type of the field `name`, or `nil` when there is none.
    public subscript(name: ClarityName) -> ClarityType? {
        var (low, high) = (0, fields.count)
        while low < high {
            let middle = (low + high) / 2
            if fields[middle].name < name { low = middle + 1 } else { high = middle }
        }
        return low < fields.count && fields[low].name == name ? fields[low].type : nil
    }
}
