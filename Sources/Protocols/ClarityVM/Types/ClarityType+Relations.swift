// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension ClarityType {
    /// Whether a value of the type `other` may stand where this type is asked for.
    ///
    /// Shorter fits into longer, a tuple needs the same fields, and an unknown arm fits any.
    ///
    /// - Throws: ``CheckReason/couldNotDetermineType`` when this type, or a part of it that is compared, is unknown.
    public func admits(_ other: ClarityType) throws(CheckReason) -> Bool {
        guard let other = other.concrete else { return false }
        switch (self, other) {
        case (.noType, _): throw .couldNotDetermineType
        case (.buffer(let mine), .buffer(let length)), (.ascii(let mine), .ascii(let length)),
            (.utf8(let mine), .utf8(let length)):
            return mine >= length
        case (.list(let mine), .list(let list)):
            if list.maximumLength == 0 { return true }
            return mine.maximumLength >= list.maximumLength ? try mine.entry.admits(list.entry) : false
        case (.optional(let mine), .optional(let optional)):
            return optional.wrapped == .noType ? true : try mine.wrapped.admits(optional.wrapped)
        case (.response(let mine), .response(let response)):
            if response.ok == .noType { return try mine.err.admits(response.err) }
            if response.err == .noType { return try mine.ok.admits(response.ok) }
            return try mine.err.admits(response.err) ? try mine.ok.admits(response.ok) : false
        case (.tuple(let mine), .tuple(let tuple)):
            guard mine.fields.count == tuple.fields.count else { return false }
            for (field, given) in zip(mine.fields, tuple.fields) {
                guard field.name == given.name, try field.type.admits(given.type) else { return false }
            }
            return true
        default: return self == other
        }
    }

    /// The type that this one is outside of lists and calls: a contract is a principal, a mixture may be nothing.
    var concrete: ClarityType? {
        switch self {
        case .callable(.contract): return .principal
        case .union(let members):
            for case .trait in members { return nil }
            return .principal
        default: return self
        }
    }

    /// The narrowest type that admits both.
    ///
    /// - Throws: ``CheckReason/typeError(expected:found:)`` when there is none, ``CheckReason/supertypeTooLarge``
    ///   when it would be too large.
    public static func leastSupertype(_ left: ClarityType, _ right: ClarityType) throws(CheckReason) -> ClarityType {
        switch (left, right) {
        case (.noType, let type), (let type, .noType): return type
        case (.buffer(let first), .buffer(let second)): return .buffer(max(first, second))
        case (.ascii(let first), .ascii(let second)): return .ascii(max(first, second))
        case (.utf8(let first), .utf8(let second)): return .utf8(max(first, second))
        case (.list(let first), .list(let second)):
            let entry =
                if first.maximumLength == 0 { second.entry } else if second.maximumLength == 0 { first.entry } else {
                    try leastSupertype(first.entry, second.entry)
                }
            let length = max(first.maximumLength, second.maximumLength)
            do { return .list(try ListType(of: entry, maximumLength: length)) } catch { throw .supertypeTooLarge }
        case (.tuple(let first), .tuple(let second)):
            return try leastSupertype(first, second)
        case (.optional(let first), .optional(let second)):
            return .optional(try OptionalType(of: leastSupertype(first.wrapped, second.wrapped)))
        case (.response(let first), .response(let second)):
            return .response(
                try ResponseType(
                    ok: leastSupertype(first.ok, second.ok), err: leastSupertype(first.err, second.err)))
        case (.callable(let first), .callable(let second)):
            return first == second ? left : .union([first, second])
        case (.union(let members), .callable(let member)), (.callable(let member), .union(let members)):
            return .union(members.union([member]))
        case (.union(let first), .union(let second)): return .union(first.union(second))
        case (.principal, .callable(.contract)), (.callable(.contract), .principal): return .principal
        case (.principal, .union), (.union, .principal):
            guard left.concrete == .principal, right.concrete == .principal else {
                throw .typeError(expected: left, found: right)
            }
            return .principal
        default:
            guard left == right else { throw .typeError(expected: left, found: right) }
            return left
        }
    }

    /// Fields that only the right side has are left out, as in the reference VM; only the left side's are required.
    private static func leastSupertype(_ left: TupleType, _ right: TupleType) throws(CheckReason) -> ClarityType {
        var fields: [TupleType.Field] = []
        fields.reserveCapacity(left.fields.count)
        for (index, field) in left.fields.enumerated() {
            // Mostly both have the same fields.
            let twin = index < right.fields.count ? right.fields[index] : nil
            guard let other = twin?.name == field.name ? twin?.type : right[field.name] else {
                throw .typeError(expected: .tuple(left), found: .tuple(right))
            }
            fields.append(TupleType.Field(name: field.name, type: try leastSupertype(field.type, other)))
        }
        do { return .tuple(try TupleType(fields)) } catch { throw .supertypeTooLarge }
    }
}
