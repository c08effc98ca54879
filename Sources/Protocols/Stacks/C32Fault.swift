// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why a text is no address.
public enum C32Fault: Error, Hashable, Sendable {
    /// The text does not begin with `S`.
    case prefix
    /// A character that is none of the 32 digits.
    case digit(UInt8)
    /// There is no room for a checksum.
    case tooShort
    /// The checksum is of something else: a typing error.
    case checksum
    /// The hash has so many bytes, not 20.
    case length(Int)
    /// The version is above 31.
    case version(UInt8)
    /// The part behind the dot is no name of a contract.
    case contractName

    /// A name that stays the same, for programs.
    public var code: String {
        switch self {
        case .prefix: "c32.prefix"
        case .digit: "c32.digit"
        case .tooShort: "c32.too-short"
        case .checksum: "c32.checksum"
        case .length: "c32.length"
        case .version: "c32.version"
        case .contractName: "c32.contract-name"
        }
    }
}
