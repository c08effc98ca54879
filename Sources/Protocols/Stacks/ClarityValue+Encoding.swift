// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

extension ClarityValue {
    /// The leading byte of each kind of value.
    ///
    /// - Source: SIP-005, "Clarity value representation".
    enum Prefix: UInt8 {
        case int = 0x00
        case uint = 0x01
        case buffer = 0x02
        case boolTrue = 0x03
        case boolFalse = 0x04
        case standardPrincipal = 0x05
        case contractPrincipal = 0x06
        case ok = 0x07
        case err = 0x08
        case none = 0x09
        case some = 0x0A
        case list = 0x0B
        case tuple = 0x0C
        case ascii = 0x0D
        case utf8 = 0x0E
    }

    /// The bytes of this value in consensus.
    ///
    /// - Source: SIP-005, "Clarity value representation"; all integers are big-endian.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        encode(to: &bytes)
        return bytes
    }

    /// Appends the bytes of this value to `bytes`.
    public func encode(to bytes: inout [UInt8]) {
        switch self {
        case .int(let number):
            Self.append(.int, to: &bytes)
            Self.append(UInt128(bitPattern: number), to: &bytes)
        case .uint(let number):
            Self.append(.uint, to: &bytes)
            Self.append(number, to: &bytes)
        case .bool(let truth): Self.append(truth ? .boolTrue : .boolFalse, to: &bytes)
        case .buffer(let content): Self.append(.buffer, content, to: &bytes)
        case .ascii(let content): Self.append(.ascii, content, to: &bytes)
        case .utf8(let scalars):
            var content: [UInt8] = []
            for scalar in scalars { content.append(contentsOf: UTF8.encode(scalar) ?? .init()) }
            Self.append(.utf8, content, to: &bytes)
        case .principal(let principal): Self.append(principal, to: &bytes)
        case .list(let entries):
            Self.append(.list, to: &bytes)
            Self.append(UInt32(truncatingIfNeeded: entries.count), to: &bytes)
            for entry in entries { entry.encode(to: &bytes) }
        case .tuple(let tuple):
            Self.append(.tuple, to: &bytes)
            Self.append(UInt32(truncatingIfNeeded: tuple.names.count), to: &bytes)
            for (name, value) in zip(tuple.names, tuple.values) {
                Self.append(name, to: &bytes)
                value.encode(to: &bytes)
            }
        case .none: Self.append(.none, to: &bytes)
        case .some(let value):
            Self.append(.some, to: &bytes)
            value.encode(to: &bytes)
        case .ok(let value):
            Self.append(.ok, to: &bytes)
            value.encode(to: &bytes)
        case .err(let value):
            Self.append(.err, to: &bytes)
            value.encode(to: &bytes)
        }
    }

    private static func append(_ prefix: Prefix, to bytes: inout [UInt8]) { bytes.append(prefix.rawValue) }

    private static func append(_ prefix: Prefix, _ content: [UInt8], to bytes: inout [UInt8]) {
        append(prefix, to: &bytes)
        append(UInt32(truncatingIfNeeded: content.count), to: &bytes)
        bytes += content
    }

    private static func append(_ number: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ name: ClarityName, to bytes: inout [UInt8]) {
        // A name has at most 128 bytes.
        bytes.append(UInt8(truncatingIfNeeded: name.text.utf8.count))
        bytes.append(contentsOf: name.text.utf8)
    }

    private static func append(_ principal: Principal, to bytes: inout [UInt8]) {
        switch principal {
        case .standard(let account):
            append(.standardPrincipal, to: &bytes)
            bytes.append(account.version)
            account.appendHash(to: &bytes)
        case .contract(let identifier):
            append(.contractPrincipal, to: &bytes)
            bytes.append(identifier.issuer.version)
            identifier.issuer.appendHash(to: &bytes)
            append(identifier.name, to: &bytes)
        }
    }
}
