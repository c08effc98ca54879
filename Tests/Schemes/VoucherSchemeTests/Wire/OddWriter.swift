// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingEncodings
import FarthingPrimitives

/// Writes a payment as another program might: in another order, with more space, or wrong in one of many ways.
struct OddWriter {
    /// What is odd about a text.
    enum Oddity: CaseIterable {
        case order
        case space
        case escapes
        case duplicate
        case unknownMember
        case missingMember
        case otherType
        case otherText
        case mutation
        case cut
    }

    var random: SeededGenerator
    private var oddities: Set<Oddity> = []

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// Order and space alone leave a payment what it was.
    static let harmless: [Oddity] = [.order, .space]

    mutating func bytes(of json: JSON, _ oddities: [Oddity]) -> [UInt8] {
        self.oddities = Set(oddities)
        var json = json
        let paths = json.leafPaths
        if let path = paths.randomElement(using: &random) {
            if has(.missingMember) { json = json.changing(path, to: nil) }
            if has(.otherType) { json = json.changing(path, to: Self.junk.randomElement(using: &random)) }
            if has(.otherText) { json = json.changing(path, to: .string(otherText(than: json, at: path))) }
        }
        var bytes = Array(text(of: json).utf8)
        if has(.mutation) { mutate(&bytes) }
        if has(.cut) { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
        return bytes
    }

    private static let junk: [JSON] = [
        .null, true, false, "", 0, 1, -1, 2, 900, "2", "900", [], [[]], .object([]), ["type": "voucher"], "voucher",
    ]

    private func has(_ oddity: Oddity) -> Bool { oddities.contains(oddity) }

    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    /// A text that differs in case, length, or by one character.
    private mutating func otherText(than json: JSON, at path: String) -> String {
        let old = path.split(separator: ".").reduce(json) { $0[String($1)] ?? .null }
        let text = old.stringValue ?? old.text
        let index = text.indices.randomElement(using: &random) ?? text.startIndex
        let character =
            ["0", "1", "f", "F", "g", "x", " ", "9", "+", "é", "\u{7F}"].randomElement(using: &random) ?? "0"
        return switch Int.random(in: 0..<9, using: &random) {
        case 0: text.uppercased()
        case 1: text.lowercased()
        case 2: "0x" + text.dropFirst(2).uppercased()
        case 3: text + character
        case 4: character + text
        case 5: String(text.dropLast())
        case 6: String(repeating: "9", count: Int.random(in: 17...21, using: &random))
        case 7: "\(UInt128.max >> UInt128(Int.random(in: 0...127, using: &random)))"
        default: text.isEmpty ? character : text.replacingCharacters(at: index, by: character)
        }
    }

    // MARK: - Spelling

    private mutating func text(of json: JSON) -> String {
        switch json {
        case .object(let members):
            var members = members
            if has(.order) { members.shuffle(using: &random) }
            if has(.unknownMember), chance(4) {
                let name = ["x", "resource", "note", "payloads", "Payload", "typ", "é"].randomElement(using: &random)
                let unknown = JSON.Member(name: name ?? "x", value: ["a": [1, "}", "\\"]])
                members.insert(unknown, at: Int.random(in: 0...members.count, using: &random))
            }
            if has(.duplicate), chance(3), let member = members.randomElement(using: &random) {
                let value = chance(2) ? member.value : Self.junk.randomElement(using: &random) ?? .null
                let copy = JSON.Member(name: member.name, value: value)
                members.insert(copy, at: Int.random(in: 0...members.count, using: &random))
            }
            let texts = members.map { space + string($0.name) + space + ":" + space + text(of: $0.value) + space }
            return "{" + (texts.isEmpty ? space : texts.joined(separator: ",")) + "}"
        case .array(let elements):
            return "[" + elements.map { space + text(of: $0) + space }.joined(separator: ",") + "]"
        case .string(let text): return string(text)
        default: return json.text
        }
    }

    private var space: String {
        mutating get {
            guard has(.space), chance(3) else { return "" }
            return [" ", "\n", "\t", "\r", "  ", " \r\n\t "].randomElement(using: &random) ?? ""
        }
    }

    private mutating func string(_ text: String) -> String {
        guard has(.escapes), chance(8), let first = text.utf8.first, first < 0x80 else {
            return JSON.string(text).text
        }
        let hex = String(first, radix: 16)
        let escape = #"\u"# + String(repeating: "0", count: 4 - hex.count) + hex
        return "\"" + escape + JSON.string(String(text.dropFirst())).text.dropFirst()
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            let byte = chance(2) ? bytes.randomElement(using: &random) ?? 0 : UInt8(truncatingIfNeeded: random.next())
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[index] = byte
            case 1: bytes.insert(byte, at: index)
            default: bytes.remove(at: index)
            }
        }
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, by text: String) -> String {
        self[..<index] + text + self[self.index(after: index)...]
    }
}
