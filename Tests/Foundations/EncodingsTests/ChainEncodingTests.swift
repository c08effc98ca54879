// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Foundation
import Testing

@Suite("What is written for a chain")
struct ChainEncodingTests {
    /// `Tests/Vectors/evm/encodings.json`, made with eth-abi and rlp.
    private static func vectors() throws -> JSON {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try JSON.parse(Array(try Data(contentsOf: tests.appending(path: "Vectors/evm/encodings.json"))))
    }

    @Test func `is the RLP that others write`() throws {
        for vector in try #require(try Self.vectors()["rlp"]?.arrayValue) {
            let item: RLP.Item
            if let text = vector["bytes"]?.stringValue {
                item = .bytes(try #require(Hex.decode(text)))
            } else {
                item = .list([.list([.bytes([]), .bytes([1])]), .list([]), .list([.bytes(Array("dog".utf8))])])
            }
            #expect(Hex.encode(RLP.encode(item)) == vector["encoded"]?.stringValue)
        }
    }

    @Test func `writes numbers without zeros in front`() {
        #expect(RLP.encode(.number(UInt64(0))) == [0x80])
        #expect(RLP.encode(.number(UInt64(1024))) == [0x82, 4, 0])
        #expect(RLP.encode(.number(UInt128.max)) == [0x90] + [UInt8](repeating: 0xff, count: 16))
    }

    @Test func `is the ABI that others write, with what has no fixed size`() throws {
        func address(_ byte: UInt8) -> ABI.Value { .address(Address([UInt8](repeating: byte, count: 20)) ?? .zero) }
        let salt = try #require(Hash32(Array(0..<32)))
        let terms = ABI.Value.tuple([
            address(0x11), address(0x22), address(0x33), address(0x44), address(0x55), .uint(UInt64(900)),
            .bytes32(salt),
        ])
        func units(_ count: UInt128) -> ABI.Value { .uint(Amount(units: count)) }
        let ones = ABI.Value.bytes([UInt8](repeating: 1, count: 65))
        let values: [String: [ABI.Value]] = [
            "deposit": [terms, units(1_000_000_000_000_000_000), address(0x66), ones],
            "claim": [
                .array([
                    .tuple([.tuple([terms, units(5)]), .bytes([UInt8](repeating: 2, count: 65)), units(4)]),
                    .tuple([.tuple([terms, units(7)]), .bytes([]), units(6)]),
                ]), .bytes([UInt8](repeating: 3, count: 65)),
            ],
            "empty": [.bytes([]), .array([]), .string("dog")],
        ]
        for vector in try #require(try Self.vectors()["abi"]?.arrayValue) {
            let name = try #require(vector["what"]?.stringValue)
            let encoded = Hex.encode(ABI.encode(arguments: try #require(values[name])))
            #expect(encoded == vector["encoded"]?.stringValue, "\(name)")
        }
    }
}
