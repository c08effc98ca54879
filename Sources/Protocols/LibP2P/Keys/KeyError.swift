// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why bytes are no key or no signature.
@nonexhaustive
public enum KeyError: Error, Hashable, CustomStringConvertible {
    /// A type of key that is not known, or not supported where it stands.
    case unsupportedType(UInt64)
    /// The bytes of the key are none of its type.
    case badKey
    /// The message around the key cannot be read.
    case wire(WireError)

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .unsupportedType: "key.unsupported-type"
        case .badKey: "key.bad-key"
        case .wire: "key.wire"
        }
    }

    public var description: String {
        switch self {
        case .unsupportedType(let type): "\(code): \(type)"
        case .badKey: code
        case .wire(let error): "\(code): \(error)"
        }
    }
}
