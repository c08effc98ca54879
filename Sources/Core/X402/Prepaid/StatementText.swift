// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingEncodings
public import FarthingPrimitives

/// The text of a receipt up to what a scheme says of its channel, to which the scheme adds its members.
///
/// What it adds is ``PrepaidWire/statement(by:)``, without JSON values in between.
public struct StatementText: Sendable {
    private(set) var bytes: [UInt8]

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// A number, which travels as a text.
    public mutating func add(_ name: StaticString, _ number: Amount) {
        begin(name)
        number.writeDigits(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func add(_ name: StaticString, _ hash: Hash32) {
        begin(name)
        bytes.append(UInt8(ascii: "0"))
        bytes.append(UInt8(ascii: "x"))
        Hex.write(hash, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func add(_ member: JSON.Member) {
        bytes.append(UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        bytes += member.name.utf8
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        bytes += member.value.bytes
    }

    /// The name, and the quote in front of a text.
    private mutating func begin(_ name: StaticString) {
        bytes.append(UInt8(ascii: ","))
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        bytes.append(UInt8(ascii: "\""))
    }
}
