// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@testable import FarthingLibP2P

/// Vectors, and small things that many tests need.
enum Samples {
    /// A file in `Tests/Vectors/libp2p`.
    static func vectors(_ name: String) throws -> JSON {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSON.parse(Array(try Data(contentsOf: tests.appending(path: "Vectors/libp2p/\(name).json"))))
    }

    static func bytes(_ json: JSON?) throws -> [UInt8] {
        let text = try #require(json?.stringValue)
        return try #require(Hex.decode(text))
    }

    static func text(_ json: JSON?) throws -> String { try #require(json?.stringValue) }

    static func list(_ json: JSON?) throws -> [JSON] { try #require(json?.arrayValue) }

    /// An Ed25519 identity of 32 equal bytes.
    static func identity(_ byte: UInt8 = 1) throws -> PeerIdentity {
        try PeerIdentity(ed25519Seed: Array(repeating: byte, count: 32))
    }

    /// A key on secp256k1 of 32 equal bytes.
    static func ethereumKey(_ byte: UInt8) throws -> PrivateKey {
        guard let key = PrivateKey([UInt8](repeating: byte, count: 32)) else { throw KeyError.badKey }
        return key
    }

    static func random(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }

    /// Changes bytes a little: a bit, a byte, a cut, a repetition.
    static func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            guard let index = bytes.indices.randomElement(using: &generator) else {
                bytes = [UInt8.random(in: .min ... .max, using: &generator)]
                continue
            }
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[index] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
            case 2: bytes = Array(bytes[..<index])
            case 3: bytes.remove(at: index)
            case 4: bytes.insert(UInt8.random(in: .min ... .max, using: &generator), at: index)
            default: bytes += bytes[index...].prefix(64)
            }
        }
        return bytes
    }
}

extension JSON {
    subscript(_ name: String) -> JSON? { members?.first { $0.name == name }?.value }
}
