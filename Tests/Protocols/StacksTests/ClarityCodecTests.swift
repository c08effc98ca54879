// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Clarity values as bytes")
struct ClarityCodecTests {
    static func tuple(_ fields: (String, ClarityValue)...) throws -> ClarityValue {
        let named = try fields.map { (name: try #require(ClarityName($0.0)), value: $0.1) }
        return .tuple(try #require(ClarityTuple(named)))
    }

    static func samples() throws -> [(value: ClarityValue, hex: String, text: String)] {
        let account = try StandardPrincipal(address: "ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM")
        let contract = try Principal("ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM.s4")
        let hash = "1a6d78de7b0625dfbfc16c3a8a5735f6dc3dc3f2ce"
        return [
            (.int(-1), "00" + String(repeating: "f", count: 32), "-1"),
            (.uint(1), "01" + String(repeating: "0", count: 31) + "1", "u1"), (.bool(true), "03", "true"),
            (.bool(false), "04", "false"), (.buffer([0x0A, 0xFF]), "02000000020aff", "0x0aff"),
            (.ascii(Array("a\"\\\n".utf8)), "0d0000000461225c0a", "\"a\\\"\\\\\\n\""),
            (.utf8(Array("é😀a".unicodeScalars)), "0e00000007c3a9f09f988061", "u\"\\u{c3a9}\\u{f09f9880}a\""),
            (.principal(account), "05" + hash, account.address),
            (.principal(contract), "06" + hash + "027334", "\(contract)"), (.none, "09", "none"),
            (.some(.bool(true)), "0a03", "(some true)"), (.ok(.none), "0709", "(ok none)"),
            (.err(.bool(false)), "0804", "(err false)"), (.list([]), "0b00000000", "()"),
            (.list([.bool(true), .bool(false)]), "0b000000020304", "(true false)"),
            (
                try tuple(("b", .bool(true)), ("Z", .none), ("a-b", .bool(false))),
                "0c00000003015a0903612d6204016203", "(tuple (Z none) (a-b false) (b true))"
            ),
        ]
    }

    @Test("Every kind of value has its bytes and its text, and is read back")
    func samples() throws {
        for (value, hex, text) in try Self.samples() {
            #expect(Hex.digits(value.encoded) == hex)
            #expect(value.description == text)
            #expect(try ClarityValue(decoding: value.encoded) == value)
        }
    }

    @Test("Bytes that end anywhere inside a value are refused")
    func truncated() throws {
        for (value, _, _) in try Self.samples() {
            let bytes = value.encoded
            for length in 0..<bytes.count {
                #expect(throws: ClarityCodecFault.self) { try ClarityValue(decoding: bytes.prefix(length)) }
            }
            #expect(throws: ClarityCodecFault.trailingBytes(1)) { try ClarityValue(decoding: bytes + [9]) }
        }
    }

    static let zeros = String(repeating: "0", count: 40)
    static let longName = String(repeating: "61", count: 41)

    static let hostileBytes: [(hex: String, fault: ClarityCodecFault)] = [
        ("0f", ClarityCodecFault.prefix(0x0F)), ("ff", .prefix(0xFF)), ("02ffffffff", .truncated),
        ("0bffffffff09", .truncated), ("0cffffffff016109", .count(0xFFFF_FFFF)), ("0dffffffff", .truncated),
        ("0d0000000180", .ascii), ("0d000000010b", .ascii), ("0e00000001c3", .utf8), ("0e00000003eda080", .utf8),
        ("0520\(zeros)", .principalVersion(0x20)),
        ("0616\(zeros)00", .name),
        ("0616\(zeros)0131", .name),
        ("0616\(zeros)29\(longName)", .name),
        ("0c00000001000909", .name), ("0c00000001ff6109", .truncated),
        ("0c0000000201610901610900", .repeatedField),
    ]

    @Test("Hostile bytes are refused by reason", arguments: hostileBytes)
    func hostile(hex: String, fault: ClarityCodecFault) throws {
        let bytes = try #require(Hex.decode(hex))
        #expect(throws: fault) { try ClarityValue(decoding: bytes) }
    }

    @Test("Values nest as deep as allowed and no deeper")
    func depth() throws {
        let some = [UInt8](repeating: 0x0A, count: 31) + [0x09]
        #expect(try ClarityValue(decoding: some).encoded == some)
        #expect(throws: ClarityCodecFault.tooDeep) { try ClarityValue(decoding: [0x0A] + some) }
        #expect(throws: ClarityCodecFault.tooDeep) {
            try ClarityValue(decoding: [UInt8](repeating: 0x0A, count: 1_000_000))
        }
        let lists = [UInt8]((0..<200_000).flatMap { _ in [0x0B, 0, 0, 0, 1] as [UInt8] })
        #expect(throws: ClarityCodecFault.tooDeep) { try ClarityValue(decoding: lists) }
    }

    @Test("More than 1 MiB is refused unread")
    func size() {
        let bytes = [UInt8](repeating: 9, count: ClarityValue.maximumSize + 1)
        #expect(throws: ClarityCodecFault.tooLong(bytes.count)) { try ClarityValue(decoding: bytes) }
    }

    @Test("A tuple out of order is read and written in order")
    func unsorted() throws {
        let bytes = try #require(Hex.decode("0c00000002016203016104"))
        #expect(Hex.digits(try ClarityValue(decoding: bytes).encoded) == "0c00000002016104016203")
    }

    @Test("A value is read from the front of more bytes")
    func prefix() throws {
        let (value, length) = try ClarityValue.decodePrefix(of: [0x0A, 0x03, 0x09, 0x09])
        #expect(value == .some(.bool(true)) && length == 2)
    }

    @Test("Random bytes never stop the reader, and what is read is written as it was", arguments: 0..<8)
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator) & (Bool.random(using: &generator) ? 15 : 255)
            }
            guard let value = try? ClarityValue(decoding: bytes) else { continue }
            #expect((try? ClarityValue(decoding: value.encoded)) == value)
        }
    }
}
