// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingPrimitives
import Testing

/// What is read from bytes in place must be what is read from a string.
@Suite("Texts that are read in place")
struct TextSpanTests {
    private static func honest(_ digits: Int, using random: inout SeededGenerator) -> [UInt8] {
        let alphabet = Array("0123456789abcdefABCDEF".utf8)
        return Array("0x".utf8) + (0..<digits).map { _ in alphabet.randomElement(using: &random) ?? 48 }
    }

    private static func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// Compares all readers; answers how many read it.
    @discardableResult
    private static func compare(_ bytes: [UInt8], _ what: String = "") -> Int {
        let text = string(bytes)
        let (hash, address) = (Hash32(hex: bytes.span), Address(hex: bytes.span))
        #expect(hash == Hash32(hex: text), "\(what) \(text)")
        #expect(address == Address(hex: text), "\(what) \(text)")
        let signature = Signature(hex: bytes.span)
        let full = text.hasPrefix("0x") ? Hex.decode(text).flatMap { try? Signature($0) } : nil
        #expect(signature == full, "\(what) \(text)")
        let amount = Amount(shortWire: bytes.span)
        #expect(amount == (bytes.count <= 19 ? Amount(wire: text) : nil), "\(what) \(text)")
        return (hash == nil ? 0 : 1) + (address == nil ? 0 : 1) + (signature == nil ? 0 : 1) + (amount == nil ? 0 : 1)
    }

    @Test(arguments: 0...140)
    func `are hashes, addresses and signatures of exactly their length`(digits: Int) {
        for seed in UInt64(0)..<20 {
            var random = SeededGenerator(seed: seed)
            var text = Self.honest(digits, using: &random)
            // Most that is 65 bytes long is no signature, if only for its last one.
            if digits == 130 { text.replaceSubrange(130..., with: Array((seed % 2 == 0 ? "1b" : "1C").utf8)) }
            let read = Self.compare(text, "seed \(seed)")
            if digits == 40 || digits == 64 { #expect(read == 1) }
            if ![40, 64, 130].contains(digits) { #expect(read == 0) }
            Self.compare(Array(text.dropFirst(2)))
        }
    }

    @Test(arguments: [40, 64, 130])
    func `are refused for any foreign byte in any place`(digits: Int) {
        var random = SeededGenerator(seed: UInt64(digits))
        var text = Self.honest(digits, using: &random)
        if digits == 130 {
            let half = String(repeating: "0", count: 63) + "1"
            text = Array("0x\(half)\(half)1b".utf8)
        }
        #expect(Self.compare(text) == 1)
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                Self.compare(changed, "\(byte) at \(index):")
            }
        }
    }

    @Test func `are signatures only where a contract would take them`() {
        let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
        let half = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
        let beyond = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
        let (one, zero) = (String(repeating: "0", count: 63) + "1", String(repeating: "0", count: 64))
        var taken = 0
        for r in [one, half, beyond, order, zero] {
            for s in [one, half, beyond, order, zero] {
                for v in ["1b", "1B", "1c", "00", "01", "1a", "1d", "ff", "0g"] {
                    taken += Self.compare(Array("0x\(r)\(s)\(v)".utf8))
                }
            }
        }
        // Three that r may be, two that s may be, and v in three spellings.
        #expect(taken == 18)
    }

    // MARK: - Amounts

    @Test func `are amounts of up to nineteen digits`() {
        for text in [
            "0", "1", "9", "10", "9999999999999999999", "1000000000000000000", "10000000000000000000",
            "18446744073709551615", "18446744073709551616", "00", "01", "", "-1", "+1", " 1", "1 ", "1e3", "1.0", "/",
            ":", "\u{0}", "0x1", "١",
        ] {
            Self.compare(Array(text.utf8))
        }
        let nines = [UInt8](repeating: UInt8(ascii: "9"), count: 19)
        #expect(Amount(shortWire: nines.span)?.units == 9_999_999_999_999_999_999)
        let twenty = nines + nines.prefix(1)
        #expect(Amount(shortWire: twenty.span) == nil)
    }

    @Test func `are amounts only when every byte is a digit`() {
        for count in 1...20 {
            let text = [UInt8](repeating: UInt8(ascii: "7"), count: count)
            for index in 0..<count {
                for byte in UInt8.min...UInt8.max {
                    var changed = text
                    changed[index] = byte
                    Self.compare(changed, "\(byte) at \(index) of \(count):")
                }
            }
        }
    }

    @Test func `are appended as amounts describe themselves`() {
        var random = SeededGenerator(seed: 7)
        var sums: [UInt128] = [0, .max, UInt128(UInt64.max), UInt128(UInt64.max) + 1]
        var ten: UInt128 = 1
        for _ in 0..<39 {
            sums += [ten - 1, ten, ten + 1]
            ten = ten.multipliedReportingOverflow(by: 10).partialValue
        }
        for shift in UInt128(0)..<128 {
            sums.append((UInt128(random.next()) << 64 | UInt128(random.next())) >> shift)
        }
        var all: [UInt8] = Array("{".utf8)
        for units in sums {
            var text = Array("before".utf8)
            Amount(units: units).writeDigits(to: &text)
            #expect(Self.string(text) == "before\(units)")
            let digits = Array(text.dropFirst(6))
            #expect(Amount(shortWire: digits.span)?.units == (digits.count <= 19 ? units : nil))
            Amount(units: units).writeDigits(to: &all)
        }
        #expect(Self.string(all) == "{" + sums.map { "\($0)" }.joined())
    }

    @Test func `are appended as hashes describe themselves`() {
        var random = SeededGenerator(seed: 8)
        for _ in 0..<200 {
            let hash = Hash32(filling: { space in
                for index in 0..<32 { space[index] = UInt8(truncatingIfNeeded: random.next()) }
            })
            var text = Array("0x".utf8)
            Hex.write(hash, to: &text)
            #expect(Self.string(text) == hash.hex)
            #expect(Hash32(hex: text.span) == hash)
        }
    }
}
