// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Why text or bytes are no multiaddr.
@nonexhaustive
public enum MultiaddrError: Error, Hashable, CustomStringConvertible {
    /// Nothing at all, or a text that does not start with a slash.
    case noSlash
    /// A protocol that is not known here, by its name or its code.
    case unknownProtocol(String)
    /// A protocol has no value, or one that it cannot have.
    case badValue(protocol: String)
    /// More protocols than are read in one address.
    case tooManyParts(limit: Int)
    /// More bytes or characters than are read in one address.
    case tooLong(limit: Int)
    /// Bytes that do not even divide into codes and values.
    case wire(WireError)
    /// An address that cannot be dialled or listened on here: it is not TCP.
    case unsupported(String)

    /// Stable, lower-case and dotted; programs match on this.
    public var code: String {
        switch self {
        case .noSlash: "multiaddr.no-slash"
        case .unknownProtocol: "multiaddr.unknown-protocol"
        case .badValue: "multiaddr.bad-value"
        case .tooManyParts: "multiaddr.too-many-parts"
        case .tooLong: "multiaddr.too-long"
        case .wire: "multiaddr.wire"
        case .unsupported: "multiaddr.unsupported"
        }
    }

    public var description: String {
        switch self {
        case .unknownProtocol(let name): "\(code): '\(name)'"
        case .badValue(let name): "\(code): of '\(name)'"
        case .unsupported(let address): "\(code): \(address)"
        case .wire(let error): "\(code): \(error)"
        default: code
        }
    }
}
