// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings

/// Goes through bytes once, never past their end.
struct ClarityValueReader {
    private var cursor: ByteCursor<ClarityCodecFault>

    init(bytes: ArraySlice<UInt8>) { cursor = ByteCursor(bytes, truncated: .truncated) }

    var remaining: Int { cursor.remaining }

    mutating func value(depth: Int) throws(ClarityCodecFault) -> ClarityValue {
        guard depth > 0 else { throw .tooDeep }
        let first = try cursor.byte()
        guard let prefix = ClarityValue.Prefix(rawValue: first) else { throw .prefix(first) }
        switch prefix {
        case .int: return .int(Int128(bitPattern: try cursor.number()))
        case .uint: return .uint(try cursor.number())
        case .boolTrue: return .bool(true)
        case .boolFalse: return .bool(false)
        case .buffer: return .buffer(Array(try content()))
        case .ascii: return try ascii()
        case .utf8: return try utf8()
        case .standardPrincipal: return .principal(.standard(try account()))
        case .contractPrincipal: return .principal(.contract(try contract()))
        case .none: return .none
        case .some: return .some(try value(depth: depth - 1))
        case .ok: return .ok(try value(depth: depth - 1))
        case .err: return .err(try value(depth: depth - 1))
        case .list: return try list(depth: depth - 1)
        case .tuple: return try tuple(depth: depth - 1)
        }
    }

    private mutating func list(depth: Int) throws(ClarityCodecFault) -> ClarityValue {
        let count = try count(smallest: 1)
        var entries: [ClarityValue] = []
        entries.reserveCapacity(min(count, 1024))
        for _ in 0..<count { entries.append(try value(depth: depth)) }
        return .list(entries)
    }

    private mutating func tuple(depth: Int) throws(ClarityCodecFault) -> ClarityValue {
        // A field is a length, a letter and a value.
        let count = try count(smallest: 3)
        var fields: [(name: ClarityName, value: ClarityValue)] = []
        for _ in 0..<count {
            let name = try name()
            fields.append((name, try value(depth: depth)))
        }
        guard let tuple = ClarityTuple(fields) else { throw .repeatedField }
        return .tuple(tuple)
    }

    private mutating func account() throws(ClarityCodecFault) -> StandardPrincipal {
        let version = try cursor.byte()
        let hash = try cursor.take(StandardPrincipal.hashLength)
        guard let account = StandardPrincipal(version: version, hash: hash) else { throw .principalVersion(version) }
        return account
    }

    private mutating func contract() throws(ClarityCodecFault) -> ContractIdentifier {
        let issuer = try account()
        let length = Int(try cursor.byte())
        let bytes = try cursor.take(length)
        let isTransient = bytes.elementsEqual(ClarityName.transient.text.utf8)
        guard let name = isTransient ? .transient : ClarityName(bytes: bytes),
            let identifier = ContractIdentifier(issuer: issuer, name: name)
        else { throw .name }
        return identifier
    }

    private mutating func name() throws(ClarityCodecFault) -> ClarityName {
        let length = Int(try cursor.byte())
        guard let name = ClarityName(bytes: try cursor.take(length)) else { throw .name }
        return name
    }

    private mutating func ascii() throws(ClarityCodecFault) -> ClarityValue {
        let content = try content()
        guard content.allSatisfy(ClarityValue.isASCIIText) else { throw .ascii }
        return .ascii(Array(content))
    }

    private mutating func utf8() throws(ClarityCodecFault) -> ClarityValue {
        guard let text = String(validating: try content(), as: UTF8.self) else { throw .utf8 }
        return .utf8(Array(text.unicodeScalars))
    }

    private mutating func content() throws(ClarityCodecFault) -> ArraySlice<UInt8> {
        try cursor.take(try count(smallest: 1))
    }

    /// A count of things of which each takes at least `smallest` bytes.
    private mutating func count(smallest: Int) throws(ClarityCodecFault) -> Int {
        let count: UInt32 = try cursor.number()
        // Before anything is allocated: a count of four thousand million costs nothing but this comparison.
        guard Int(count) <= remaining / smallest else { throw smallest == 1 ? .truncated : .count(count) }
        return Int(count)
    }
}
