// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives
import Testing

@Suite("Decoding what a contract returned")
struct ABIDecodingTests {
    private let address = Address(hex: "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A") ?? .zero

    @Test func `reads back what was encoded`() throws {
        let salt = Keccak256.hash(utf8: "salt")
        var reader = ABI.WordReader(
            ABI.encode([.address(address), .uint(Amount.max), .uint(UInt64.max), .bytes32(salt)]))
        #expect(try reader.address() == address)
        #expect(try reader.amount() == Amount.max)
        #expect(try reader.uint() == .max)
        #expect(try reader.bytes32() == salt)
        try reader.finish()
    }

    @Test func `refuses bits that a type does not have`() throws {
        for bit in 0..<96 {
            var word = ABI.encode([.address(address)])
            word[bit / 8] |= 1 << (bit % 8)
            var reader = ABI.WordReader(word)
            #expect(throws: ABI.DecodingError.outOfRange) { _ = try reader.address() }
        }
        var amount = ABI.WordReader([UInt8](repeating: 0, count: 15) + [1] + [UInt8](repeating: 0, count: 16))
        #expect(throws: ABI.DecodingError.outOfRange) { _ = try amount.amount() }
        var number = ABI.WordReader(ABI.encode([.uint(UInt64(901))]))
        #expect(throws: ABI.DecodingError.outOfRange) { _ = try number.uint(upTo: 900) }
    }

    @Test func `refuses bytes that are missing or left over`() throws {
        var short = ABI.WordReader([UInt8](repeating: 0, count: 31))
        #expect(throws: ABI.DecodingError.tooShort(bytes: 31)) { _ = try short.bytes32() }
        var long = ABI.WordReader([UInt8](repeating: 0, count: 33))
        #expect(try long.amount() == .zero)
        #expect(throws: ABI.DecodingError.tooLong(bytes: 33)) { try long.finish() }
    }

    @Test(arguments: ["", "USDC", String(repeating: "a", count: 32), String(repeating: "ä", count: 32)])
    func `reads a text of any length within the limit`(text: String) throws {
        #expect(try ABI.decodeString(encoded(text), limit: 64) == text)
        guard !text.isEmpty else { return }
        #expect(throws: ABI.DecodingError.badText) {
            try ABI.decodeString(encoded(text), limit: text.utf8.count - 1)
        }
    }

    @Test func `refuses a text that is laid out otherwise`() throws {
        let good = encoded("USDC")
        for length in 0..<good.count {
            #expect(throws: ABI.DecodingError.self) { try ABI.decodeString(Array(good[..<length]), limit: 64) }
        }
        #expect(throws: ABI.DecodingError.tooLong(bytes: 97)) { try ABI.decodeString(good + [0], limit: 64) }
        for (position, byte) in [(31, 0x40), (63, 0xff), (0, 1), (32, 1), (64, 0xff), (95, 1)] as [(Int, UInt8)] {
            var bad = good
            bad[position] = byte
            #expect(throws: ABI.DecodingError.self, "byte \(position)") { try ABI.decodeString(bad, limit: 1000) }
        }
    }

    private func encoded(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let padding = (32 - bytes.count % 32) % 32
        return ABI.encode([.uint(UInt64(32)), .uint(UInt64(bytes.count))]) + bytes
            + [UInt8](repeating: 0, count: padding)
    }
}
