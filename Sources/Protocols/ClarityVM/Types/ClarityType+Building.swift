// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension ClarityType {
    /// The type of buffers of up to `length` bytes.
    ///
    /// - Throws: ``CheckReason/valueTooLarge`` above 1 MiB, ``CheckReason/valueOutOfBounds`` below 0.
    public static func buffer(checked length: Int128) throws(CheckReason) -> ClarityType {
        .buffer(try checked(length, atMost: maximumSize))
    }

    /// The type of ASCII strings of up to `length` characters.
    ///
    /// - Throws: ``CheckReason/valueTooLarge`` above 1 MiB, ``CheckReason/valueOutOfBounds`` below 0.
    public static func ascii(checked length: Int128) throws(CheckReason) -> ClarityType {
        .ascii(try checked(length, atMost: maximumSize))
    }

    /// The type of UTF-8 strings of up to `length` Unicode scalars.
    ///
    /// - Throws: ``CheckReason/valueTooLarge`` above ``maximumUTF8Length``, ``CheckReason/valueOutOfBounds`` below 0.
    public static func utf8(checked length: Int128) throws(CheckReason) -> ClarityType {
        .utf8(try checked(length, atMost: maximumUTF8Length))
    }

    private static func checked(_ length: Int128, atMost limit: Int) throws(CheckReason) -> Int {
        guard length <= Int128(limit) else { throw .valueTooLarge }
        guard length >= 0 else { throw .valueOutOfBounds }
        return Int(length)
    }

    /// The type of lists of up to `length` values of the type `entry`.
    public static func list(of entry: ClarityType, maximumLength length: Int) throws(CheckReason) -> ClarityType {
        .list(try ListType(of: entry, maximumLength: length))
    }

    /// The type of an optional `wrapped`.
    public static func optional(of wrapped: ClarityType) throws(CheckReason) -> ClarityType {
        .optional(try OptionalType(of: wrapped))
    }

    /// The type of a response with these arms.
    public static func response(ok: ClarityType, err: ClarityType) throws(CheckReason) -> ClarityType {
        .response(try ResponseType(ok: ok, err: err))
    }

    /// Whether this is a response, whatever is in it.
    public var isResponse: Bool {
        if case .response = self { true } else { false }
    }

    /// The type of a list with entries of these types.
    ///
    /// - Throws: ``CheckReason/typeError(expected:found:)`` when they have nothing in common.
    public static func list(ofEntries entries: [ClarityType]) throws(CheckReason) -> ListType {
        guard var entry = entries.first else { return .empty }
        for next in entries.dropFirst() { entry = try leastSupertype(entry, next) }
        return try ListType(of: entry, maximumLength: entries.count)
    }
}
