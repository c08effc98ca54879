// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

extension ClarityType {
    /// Whether `value` may stand where this type is asked for; any contract stands for a trait.
    func accepts(_ value: ClarityValue) -> Bool {
        switch (self, value) {
        case (.int, .int), (.uint, .uint), (.bool, .bool), (.principal, .principal), (.optional, .none): true
        case (.callable(.contract(let contract)), .principal(let principal)): principal.contract == contract
        case (.callable(.trait), .principal(.contract)), (.union, .principal(.contract)): true
        case (.buffer(let length), .buffer(let bytes)), (.ascii(let length), .ascii(let bytes)): bytes.count <= length
        case (.utf8(let length), .utf8(let scalars)): scalars.count <= length
        case (.list(let list), .list(let entries)):
            entries.count <= list.maximumLength && entries.allSatisfy { list.entry.accepts($0) }
        case (.optional(let optional), .some(let wrapped)): optional.wrapped.accepts(wrapped)
        case (.response(let response), .ok(let inner)): response.ok.accepts(inner)
        case (.response(let response), .err(let inner)): response.err.accepts(inner)
        case (.tuple(let type), .tuple(let tuple)):
            type.fields.count == tuple.names.count
                && zip(type.fields, tuple.fields).allSatisfy { $0.name == $1.name && $0.type.accepts($1.value) }
        default: false
        }
    }

    /// The part of `value` that is of this type, without the fields that its tuples do not have, or `nil`.
    ///
    /// - Source: stacks-core, `Value::try_deserialize_bytes_exact` with a type: what a contract gets from bytes.
    func conforming(_ value: ClarityValue) -> ClarityValue? {
        switch (self, value) {
        case (.list(let list), .list(let entries)):
            guard entries.count <= list.maximumLength else { return nil }
            var conforming: [ClarityValue] = []
            conforming.reserveCapacity(entries.count)
            for entry in entries {
                guard let entry = list.entry.conforming(entry) else { return nil }
                conforming.append(entry)
            }
            return .list(conforming)
        case (.optional(let optional), .some(let wrapped)):
            return optional.wrapped.conforming(wrapped).map { .some($0) }
        case (.response(let response), .ok(let inner)): return response.ok.conforming(inner).map { .ok($0) }
        case (.response(let response), .err(let inner)): return response.err.conforming(inner).map { .err($0) }
        case (.tuple(let type), .tuple(let tuple)):
            var values: [ClarityValue] = []
            for field in type.fields {
                guard let value = tuple[field.name].flatMap({ field.type.conforming($0) }) else { return nil }
                values.append(value)
            }
            return ClarityTuple(sorted: type.fields.map(\.name), values: values).map { .tuple($0) }
        default: return accepts(value) ? value : nil
        }
    }
}
