// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why bytes are no value of Clarity.
public enum ClarityCodecFault: Error, Hashable, Sendable {
    /// The bytes end inside a value.
    case truncated
    /// So many bytes follow the value.
    case trailingBytes(Int)
    /// No kind of value begins with this byte.
    case prefix(UInt8)
    /// There are more bytes than the reader takes.
    case tooLong(Int)
    /// Values stand deeper inside each other than the reader takes.
    case tooDeep
    /// More entries or fields are announced than the bytes that are left can hold.
    case count(UInt32)
    /// The version of a principal is above 31.
    case principalVersion(UInt8)
    /// A name is malformed or too long.
    case name
    /// A field's name is there twice.
    case repeatedField
    /// A `string-ascii` has a byte that is no text of ASCII.
    case ascii
    /// A `string-utf8` is not in UTF-8.
    case utf8

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .truncated: "clarity-value.truncated"
        case .trailingBytes: "clarity-value.trailing-bytes"
        case .prefix: "clarity-value.prefix"
        case .tooLong: "clarity-value.too-long"
        case .tooDeep: "clarity-value.too-deep"
        case .count: "clarity-value.count"
        case .principalVersion: "clarity-value.principal-version"
        case .name: "clarity-value.name"
        case .repeatedField: "clarity-value.repeated-field"
        case .ascii: "clarity-value.ascii"
        case .utf8: "clarity-value.utf8"
        }
    }
}
