// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
public import FarthingEncodings
public import FarthingPrimitives

/// Reads the members of a JSON object, and says which one was missing or malformed.
///
/// Numbers travel as decimal texts, hashes and addresses as `0x` and digits. Members that nobody asks for are passed
/// over.
public struct JSONMembers: Sendable {
    private let json: JSON?
    private let path: String

    /// - Parameter path: Where the object stands, with a point behind it; empty for the outermost.
    public init(_ json: JSON?, path: String = "") {
        self.json = json
        self.path = path
    }

    public func object(_ name: String) -> JSONMembers { JSONMembers(json?[name], path: "\(path)\(name).") }

    public func text(_ name: String) throws(MemberFault) -> String { try present(name, json?[name]?.stringValue) }

    public func address(_ name: String) throws(MemberFault) -> Address {
        try present(name, Address(hex: try text(name)))
    }

    public func hash(_ name: String) throws(MemberFault) -> Hash32 { try present(name, Hash32(hex: try text(name))) }

    public func amount(_ name: String) throws(MemberFault) -> Amount {
        try present(name, Amount(wire: try text(name)))
    }

    /// A whole number that fits, as a text.
    public func number<Number: FixedWidthInteger>(
        _ name: String, as type: Number.Type = Number.self
    ) throws(MemberFault) -> Number {
        try present(name, Number(exactly: try amount(name).units))
    }

    public func signature(_ name: String) throws(MemberFault) -> Signature {
        let text = try text(name)
        guard text.hasPrefix("0x"), let bytes = Hex.decode(text) else { throw MemberFault(field: path + name) }
        return try present(name, try? Signature(bytes))
    }

    /// The elements of a list.
    ///
    /// - Parameter most: A list that is longer is malformed.
    public func list(_ name: String, most: Int) throws(MemberFault) -> [JSON] {
        let list = try present(name, json?[name]?.arrayValue)
        guard list.count <= most else { throw MemberFault(field: path + name) }
        return list
    }

    public func has(_ name: String) -> Bool { json?[name] != nil }

    private func present<Value>(_ name: String, _ value: Value?) throws(MemberFault) -> Value {
        guard let value else { throw MemberFault(field: path + name) }
        return value
    }
}

/// A member that is missing, or cannot be read.
public struct MemberFault: Error, Hashable, Sendable {
    /// The way to it, such as `funding.amount`.
    public let field: String
    public init(field: String) { self.field = field }
}
