// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

/// The fast loops beside a plain reading of RFC 4648, a character at a time.
@Suite("Base64 beside a plain reading of it")
struct Base64ReferenceTests {
    /// What the text stands for, or what is wrong with it, found by going through it character by character.
    private static func plainly(_ text: [UInt8], _ alphabet: Base64.Alphabet) -> Result<[UInt8], Base64.DecodingError> {
        let signs =
            Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
            + Array((alphabet == .standard ? "+/" : "-_").utf8)
        var count = text.count
        if alphabet == .standard {
            guard count % 4 == 0 else { return .failure(.badLength(text.count)) }
            if text.last == UInt8(ascii: "=") { count -= text.dropLast().last == UInt8(ascii: "=") ? 2 : 1 }
        }
        guard count % 4 != 1 else { return .failure(.badLength(text.count)) }
        var bits: [Bool] = []
        for index in 0..<count {
            guard let value = signs.firstIndex(of: text[index]) else {
                return .failure(text[index] == UInt8(ascii: "=") ? .badPadding(at: index) : .badCharacter(at: index))
            }
            for bit in (0..<6).reversed() { bits.append(value >> bit & 1 == 1) }
        }
        let whole = bits.count / 8 * 8
        guard !bits[whole...].contains(true) else { return .failure(.trailingBits(at: count - 1)) }
        return .success(
            stride(from: 0, to: whole, by: 8).map { start in
                bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
            })
    }

    private static func quickly(_ text: [UInt8], _ alphabet: Base64.Alphabet) -> Result<[UInt8], Base64.DecodingError> {
        Result { () throws(Base64.DecodingError) in
            try Base64.decode(text.span, alphabet: alphabet, maximumBytes: 4096)
        }
    }

    private static let alphabets = [Base64.Alphabet.standard, .urlUnpadded]

    @Test(arguments: alphabets, 0...70)
    func `brings back bytes of any number`(alphabet: Base64.Alphabet, count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        for bytes in [random.bytes(count), random.bytes(count), [UInt8](repeating: 0, count: count)]
            + [[UInt8](repeating: 0xFF, count: count)]
        {
            let text = Array(Base64.encode(bytes, alphabet: alphabet).utf8)
            #expect(Self.plainly(text, alphabet) == .success(bytes))
            #expect(Self.quickly(text, alphabet) == .success(bytes))
            #expect(Base64.encode(bytes.span, alphabet: alphabet).utf8.elementsEqual(text))
            #expect(try Base64.decode(text.span, alphabet: alphabet, maximumBytes: count) == bytes)
            #expect(throws: Base64.DecodingError.tooLong(bytes: count, limit: count - 1)) {
                try Base64.decode(text.span, alphabet: alphabet, maximumBytes: count - 1)
            }
        }
    }

    @Test(arguments: alphabets, 0...70)
    func `finds the same fault for any text of any length`(alphabet: Base64.Alphabet, count: Int) {
        var random = SeededGenerator(seed: UInt64(1000 + count))
        let signs = Array("ABZabz059+/-_=".utf8)
        for _ in 0..<200 {
            let text = (0..<count).map { _ in signs.randomElement(using: &random) ?? 0 }
            #expect(Self.quickly(text, alphabet) == Self.plainly(text, alphabet))
        }
    }

    @Test(arguments: alphabets, [0, 1, 2, 3, 4, 5, 6, 7, 31, 32, 33, 45])
    func `finds the same fault for any byte in any place`(alphabet: Base64.Alphabet, count: Int) {
        var random = SeededGenerator(seed: UInt64(2000 + count))
        let text = Array(Base64.encode(random.bytes(count), alphabet: alphabet).utf8)
        var faults = 0
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                let quick = Self.quickly(changed, alphabet)
                if quick != Self.plainly(changed, alphabet) { Issue.record("\(byte) at \(index) of \(count)") }
                if case .failure = quick { faults += 1 }
            }
        }
        #expect(faults >= text.count * 190)
    }

    @Test(arguments: alphabets)
    func `finds the first of two faults`(alphabet: Base64.Alphabet) {
        var random = SeededGenerator(seed: 3000)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int.random(in: 1...70, using: &random))
            var text = Array(Base64.encode(bytes, alphabet: alphabet).utf8)
            for _ in 0..<2 {
                let index = Int.random(in: 0..<text.count, using: &random)
                text[index] = UInt8(truncatingIfNeeded: random.next())
            }
            if Self.quickly(text, alphabet) != Self.plainly(text, alphabet) { Issue.record("\(text)") }
        }
    }
}
