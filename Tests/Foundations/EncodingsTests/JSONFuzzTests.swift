// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import Testing

@Suite("JSON made at random")
struct JSONFuzzTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `comes back as it was written, compact or laid out`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let value = Self.value(levels: 5, using: &random)
            let again = try JSON.parse(value.bytes)
            #expect(again == value, "seed \(seed), round \(round)")
            #expect(again.bytes == value.bytes, "seed \(seed), round \(round)")
            #expect(try JSON.parse(value.prettyText()) == value, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [5, 6] as [UInt64])
    func `stays equal, with the same hash, when members change places`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<500 {
            let value = Self.value(levels: 4, using: &random)
            let shuffled = Self.shuffled(value, using: &random)
            #expect(shuffled == value, "seed \(seed), round \(round)")
            #expect(shuffled.hashValue == value.hashValue, "seed \(seed), round \(round)")
            #expect(shuffled.contains(value), "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: [7, 8, 9, 10] as [UInt64])
    func `is read or refused, and read again the same, whatever happens to its bytes`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<2_000 {
            var bytes = Self.value(levels: 4, using: &random).bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, using: &random) }
            guard let value = try? JSON.parse(bytes) else { continue }
            #expect(try JSON.parse(value.bytes) == value, "seed \(seed), round \(round)")
        }
    }

    @Test func `is truncated wherever an object is cut`() {
        let text = #"{"a":[1,-2.5e+3,{"b":"c\n\u00e9\ud83d\ude00é"}],"d":true,"e":null}"#
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            do throws(JSON.ParseError) {
                _ = try JSON.parse(Array(bytes.prefix(count)))
                Issue.record("read the first \(count) bytes")
            } catch {
                #expect(error == .truncated, "cut to \(count) bytes")
            }
        }
    }

    @Test(arguments: [11, 12] as [UInt64])
    func `never crashes on bytes that mean nothing`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let likely = Array(#"{}[]",:\ut0123456789.eE+-truefalsn "#.utf8)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...40, using: &random)
            _ = try? JSON.parse(random.bytes(count))
            _ = try? JSON.parse((0..<count).map { _ in likely.randomElement(using: &random) ?? 0 })
        }
    }

    // MARK: Making values

    private static func value(levels: Int, using random: inout SeededGenerator) -> JSON {
        switch Int.random(in: 0...(levels > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2:
            return .integer(Int64.random(in: .min ... .max, using: &random) >> Int.random(in: 0...63, using: &random))
        case 3: return .number(fraction(using: &random))
        case 4, 5: return .string(text(using: &random))
        case 6:
            let count = Int.random(in: 0...5, using: &random)
            return .array((0..<count).map { _ in value(levels: levels - 1, using: &random) })
        default:
            let count = Int.random(in: 0...12, using: &random)
            return (0..<count).reduce(.object([])) { object, _ in
                object.adding(text(using: &random), value(levels: levels - 1, using: &random))
            }
        }
    }

    private static func fraction(using random: inout SeededGenerator) -> JSON.Number {
        let digits = UInt16.random(in: 0...9_999, using: &random)
        let exponent = ["", "e5", "E-7", "e+12"].randomElement(using: &random) ?? ""
        return JSON.Number(text: "-\(digits).\(digits)\(exponent)") ?? 0
    }

    private static func text(using random: inout SeededGenerator) -> String {
        let ranges: [ClosedRange<UInt32>] = [
            0...0x1F, 0x20...0x7E, 0x20...0x7E, 0x20...0x7E, 0x7F...0x7FF, 0x800...0xFFFF, 0x1_0000...0x10_FFFF,
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let range = ranges.randomElement(using: &random) ?? 0...0
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { scalars.append(scalar) }
        }
        return String(scalars)
    }

    private static func shuffled(_ value: JSON, using random: inout SeededGenerator) -> JSON {
        switch value {
        case .null, .bool, .number, .string: value
        case .array(let elements): .array(elements.map { shuffled($0, using: &random) })
        case .object(let members):
            .object(
                members.map { JSON.Member(name: $0.name, value: shuffled($0.value, using: &random)) }
                    .shuffled(using: &random))
        }
    }

    private static func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        guard let index = bytes.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0...4, using: &random) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 1: bytes[index] = .random(in: 0...255, using: &random)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(Array(#"{}[]",:\u0-.e"#.utf8).randomElement(using: &random) ?? 0, at: index)
        default: bytes.removeSubrange(index...)
        }
    }
}
