// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacks

/// Types that native functions take and answer.
enum NativeTypes {
    static let longestBuffer = ClarityType.buffer(ClarityType.maximumSize)
    static let longestUTF8 = ClarityType.utf8(ClarityType.maximumUTF8Length)
    static let anyString: [ClarityType] = [.ascii(ClarityType.maximumSize), longestUTF8]
    static let hashable: [ClarityType] = [longestBuffer, .uint, .int]
    /// The longest buffer whose hexadecimal digits, with `0x`, fit into a string in a response.
    static let longestSpelledBuffer = 524_284

    static let optionalInt = optional(.int)
    static let optionalUInt = optional(.uint)
    static let optionalPrincipal = optional(.principal)
    static let boolOrCode = response(.bool, .uint)
    static let hashOrCode = response(.buffer(32), .uint)
    static let keyOrCode = response(.buffer(33), .uint)
    static let principalOrCode = response(.principal, .uint)
    static let spellable: [ClarityType] =
        [.int, .uint, .bool, .principal, .buffer(longestSpelledBuffer), longestUTF8]
    static let account = tuple([("unlocked", .uint), ("locked", .uint), ("unlock-height", .uint)])
    static let principalParts = response(parts, parts)
    static let constructed = response(.principal, tuple([("error_code", .uint), ("value", optionalPrincipal)]))
    static let stackers = tuple([
        ("addrs", list(tuple([("version", .buffer(1)), ("hashbytes", .buffer(32))]), 2)), ("payout", .uint),
    ])

    private static let parts = tuple([
        ("version", .buffer(1)), ("hash-bytes", .buffer(20)), ("name", optional(.ascii(40))),
    ])

    // These are small: they are made without fault, and `noType` never appears.

    private static func optional(_ type: ClarityType) -> ClarityType { (try? .optional(of: type)) ?? .noType }

    private static func response(_ ok: ClarityType, _ err: ClarityType) -> ClarityType {
        (try? .response(ok: ok, err: err)) ?? .noType
    }

    private static func list(_ entry: ClarityType, _ length: Int) -> ClarityType {
        (try? .list(of: entry, maximumLength: length)) ?? .noType
    }

    private static func tuple(_ fields: [(String, ClarityType)]) -> ClarityType {
        let fields = fields.map { TupleType.Field(name: ClarityName(unchecked: $0.0), type: $0.1) }
        return (try? TupleType(fields)).map { .tuple($0) } ?? .noType
    }
}
