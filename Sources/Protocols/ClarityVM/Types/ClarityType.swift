// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The type of a Clarity value, with the bounds of everything that has a length.
///
/// A type that exists is one whose values fit: the composite types' initializers refuse what would be larger than
/// ``maximumSize`` or deeper than ``maximumDepth``, and they remember their size, so that asking for it costs nothing.
///
/// - Source: SIP-002, section "Clarity Type System".
public indirect enum ClarityType: Hashable, Sendable {
    /// The type of what can never be had: the other arm of `(ok 1)`, the inside of `none`.
    case noType
    case int
    case uint
    case bool
    case principal
    /// Bytes, at most so many.
    case buffer(Int)
    /// ASCII characters, at most so many.
    case ascii(Int)
    /// Unicode scalars, at most so many.
    case utf8(Int)
    case list(ListType)
    case tuple(TupleType)
    case optional(OptionalType)
    case response(ResponseType)
    /// A contract by name, or a value behind a trait reference.
    case callable(Callable)
    /// The element type of a list of several contracts or trait references, before it is known what they are used as.
    case union(Set<Callable>)

    /// The size of the largest value, in bytes: 1 MiB.
    public static let maximumSize = 1_048_576
    /// How deep types may be nested; a plain type has depth 1.
    public static let maximumDepth = 32
    /// The length of the longest UTF-8 string in scalars, each of which counts for four bytes.
    public static let maximumUTF8Length = maximumSize / 4

    /// What the largest value of this type counts for, in bytes.
    public var size: Int {
        switch self {
        case .noType, .bool: 1
        case .int, .uint: 16
        case .principal, .union, .callable(.contract): 148
        case .callable(.trait): 276
        case .buffer(let length), .ascii(let length): 4 + length
        case .utf8(let length): 4 + 4 * length
        case .list(let list): list.size
        case .tuple(let tuple): tuple.size
        case .optional(let optional): optional.size
        case .response(let response): response.size
        }
    }

    /// What the description of this type counts for, in bytes.
    public var descriptionSize: Int {
        switch self {
        case .noType, .int, .uint, .bool, .principal, .callable, .union: 1
        case .buffer, .ascii, .utf8: 5
        case .list(let list): list.descriptionSize
        case .tuple(let tuple): tuple.descriptionSize
        case .optional(let optional): optional.descriptionSize
        case .response(let response): response.descriptionSize
        }
    }

    /// How much work it is to look at all of this type.
    var weight: Int {
        switch self {
        case .union(let members): members.count
        case .list(let list): list.weight
        case .tuple(let tuple): tuple.weight
        case .optional(let optional): optional.weight
        case .response(let response): response.weight
        default: 1
        }
    }

    /// How many types are nested in each other, this one included.
    public var depth: Int {
        switch self {
        case .list(let list): list.depth
        case .tuple(let tuple): tuple.depth
        case .optional(let optional): optional.depth
        case .response(let response): response.depth
        default: 1
        }
    }
}

extension ClarityType: CustomStringConvertible {
    /// The type as a contract would declare it; `UnknownType` for ``noType``.
    public var description: String {
        switch self {
        case .noType: "UnknownType"
        case .int: "int"
        case .uint: "uint"
        case .bool: "bool"
        case .principal, .union: "principal"
        case .buffer(let length): "(buff \(length))"
        case .ascii(let length): "(string-ascii \(length))"
        case .utf8(let length): "(string-utf8 \(length))"
        case .list(let list): "(list \(list.maximumLength) \(list.entry))"
        case .tuple(let tuple):
            "(tuple" + tuple.fields.map { " (\($0.name) \($0.type))" }.joined() + ")"
        case .optional(let optional): "(optional \(optional.wrapped))"
        case .response(let response): "(response \(response.ok) \(response.err))"
        case .callable(let callable): callable.description
        }
    }
}
