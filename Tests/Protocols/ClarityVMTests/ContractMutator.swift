// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Testing

/// Makes contracts with faults out of contracts without: half by whole expressions, half byte by byte.
struct ContractMutator {
    private let programs: [[UInt8]]
    /// Expressions of all programs, as text.
    private let pieces: [[UInt8]]
    private var generator: SeededGenerator

    /// Takes the programs of the vectors and of the tests for refusals.
    init(seed: UInt64) throws {
        let cases = try #require(CheckingVectors.load("expressions")["cases"]?.arrayValue)
        let sims = try #require(CheckingVectors.load("scenarios")["sims"]?.arrayValue)
        let steps = sims.flatMap { $0["steps"]?.arrayValue ?? [] }
        let texts =
            cases.compactMap { $0["program"]?.stringValue } + steps.compactMap { $0["code"]?.stringValue }
            + CheckingFaultTests.refusals.map(\.program)
        programs = texts.filter { $0.utf8.count < 4_096 }.map { Array($0.utf8) }
        let words =
            NativeFunction.allCases.map(\.rawValue) + NativeVariable.allCases.map(\.rawValue)
            + DefinitionWord.allCases.map(\.rawValue) + Self.marks
        pieces =
            programs.flatMap { program in Self.ranges(in: program).map { Array(program[$0]) } }
            + words.map { Array($0.utf8) }
        generator = SeededGenerator(seed: seed)
    }

    /// The next contract, and the edition to read it in.
    mutating func next() -> (program: String, version: ClarityVersion) {
        var bytes = programs.randomElement(using: &generator) ?? []
        if Bool.random(using: &generator) {
            for _ in 0..<Int.random(in: 1...3, using: &generator) { exchangeExpression(in: &bytes) }
        } else {
            for _ in 0..<Int.random(in: 1...4, using: &generator) { disturb(&bytes) }
        }
        let version = ClarityVersion.allCases.randomElement(using: &generator) ?? .clarity4
        return (String(decoding: bytes, as: UTF8.self), version)
    }

    /// Puts another expression in the place of one.
    private mutating func exchangeExpression(in bytes: inout [UInt8]) {
        guard let range = Self.ranges(in: bytes).randomElement(using: &generator),
            let piece = pieces.randomElement(using: &generator)
        else { return disturb(&bytes) }
        bytes.replaceSubrange(range, with: piece)
    }

    /// Puts a piece in, takes one out, doubles or moves it.
    private mutating func disturb(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &generator)
        let end = min(bytes.count, place + Int.random(in: 0...12, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
        case 3: bytes.insert(contentsOf: [0x20] + (pieces.randomElement(using: &generator) ?? []) + [0x20], at: place)
        case 4: bytes.replaceSubrange(place..<end, with: pieces.randomElement(using: &generator) ?? [])
        default:
            let piece = bytes[place..<end]
            bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &generator))
        }
    }

    /// Where the expressions of a program stand; none when it is not well formed.
    private static func ranges(in program: [UInt8]) -> [Range<Int>] {
        guard let parsed = try? Parser.parse(String(decoding: program, as: UTF8.self)) else { return [] }
        var lineStarts = [0]
        for (offset, byte) in program.enumerated() where byte == 0x0a { lineStarts.append(offset + 1) }
        func offset(_ position: SourceSpan.Position) -> Int {
            lineStarts[min(position.line, lineStarts.count) - 1] + position.column - 1
        }
        var ranges: [Range<Int>] = []
        func collect(_ expressions: [Expression]) {
            for expression in expressions {
                let (start, end) = (offset(expression.span.start), offset(expression.span.end) + 1)
                if start < end, end <= program.count { ranges.append(start..<end) }
                collect(expression.list ?? [])
            }
        }
        collect(parsed)
        return ranges
    }

    private static let marks = [
        "(", ")", "((", "))", "{", "}", ":", ",", ".", "<", ">", "<t>", ".a.b", "\"", "\\", "u\"", "\\u{", "0x", "0x00",
        "u", "u1", "-1", "1", ";;", ";", "\n", "\r", "\t", "\0", "é", "😀", " ", "x", "f", "()", "(some", "(ok",
        "(err u1)",
        "'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM", "170141183460469231731687303715884105728",
        "(list 4294967295 int)", "(buff 1048576)", "(optional none)", "(tuple (a int))", "(response int uint)",
        "{a: 1}",
    ]
}
