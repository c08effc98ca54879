// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingStacks

extension ClarityType {
    /// The narrowest type of `value`: lengths are its own, arms that it does not have are unknown.
    ///
    /// - Throws: ``CheckReason/typeError(expected:found:)`` when a list's entries do not go together,
    ///   ``CheckReason/valueTooLarge`` or ``CheckReason/typeSignatureTooDeep``.
    public init(of value: ClarityValue) throws(CheckReason) {
        self = try Self.type(of: value, nesting: 1)
    }

    private static func type(of value: ClarityValue, nesting: Int) throws(CheckReason) -> ClarityType {
        guard nesting <= maximumDepth else { throw .typeSignatureTooDeep }
        switch value {
        case .int: return .int
        case .uint: return .uint
        case .bool: return .bool
        case .principal: return .principal
        case .buffer(let bytes): return try .buffer(checked: Int128(bytes.count))
        case .ascii(let bytes): return try .ascii(checked: Int128(bytes.count))
        case .utf8(let scalars): return try .utf8(checked: Int128(scalars.count))
        case .none: return .optional(.none)
        case .some(let wrapped): return try .optional(of: type(of: wrapped, nesting: nesting + 1))
        case .ok(let inner): return try .response(ok: type(of: inner, nesting: nesting + 1), err: .noType)
        case .err(let inner): return try .response(ok: .noType, err: type(of: inner, nesting: nesting + 1))
        case .list(let values):
            var entry = ClarityType.noType
            for value in values { entry = try leastSupertype(entry, type(of: value, nesting: nesting + 1)) }
            return values.isEmpty ? .list(.empty) : try .list(of: entry, maximumLength: values.count)
        case .tuple(let tuple):
            var fields: [TupleType.Field] = []
            for field in tuple.fields {
                fields.append(TupleType.Field(name: field.name, type: try type(of: field.value, nesting: nesting + 1)))
            }
            return .tuple(try TupleType(fields))
        }
    }
}
