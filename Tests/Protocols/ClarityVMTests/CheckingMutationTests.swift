// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Foundation
import Testing

@Suite("Contracts with faults sown into them")
struct CheckingMutationTests {
    /// How many are tried; `FARTHING_CLARITY_MUTATIONS` may ask for up to a million.
    static var count: Int {
        let asked = ProcessInfo.processInfo.environment["FARTHING_CLARITY_MUTATIONS"].flatMap { Int($0) } ?? 2_000
        return min(max(asked, 0), 1_000_000)
    }

    /// What is sown: pieces that mean something to lexer, parser and checker.
    private static let seeds: [String] =
        NativeFunction.allCases.map(\.rawValue) + NativeVariable.allCases.map(\.rawValue)
        + DefinitionWord.allCases.map(\.rawValue) + [
            "(", ")", "((", "))", "{", "}", ":", ",", ".", "<", ">", "<t>", ".a.b",
            "'ST1PQHQKV0RJXZFY1DGX8MNSNYVE3VGZJSRTPGZGM",
            "\"", "\\", "u\"", "\\u{", "0x", "0x00", "u", "u1", "-1", "1", ";;", ";", "\n", "\r", "\t", "\0", "é", "😀",
            " ",
            "170141183460469231731687303715884105728", "(list 4294967295 int)", "(buff 1048576)", "(optional none)",
            "(tuple (a int))", "(response int uint)", "{a: 1}", "(some", "(ok", "(err u1)", "x", "f", "()",
        ]

    @Test("None of them crashes or hangs lexer, sorter or checker, and each fault has its place")
    func mutations() throws {
        let programs = try Self.programs()
        var generator = SeededGenerator(seed: 20_261_122)
        var (wellFormed, passed) = (0, 0)
        for _ in 0..<Self.count {
            let program = Self.mutate(try #require(programs.randomElement(using: &generator)), using: &generator)
            let version = ClarityVersion.allCases.randomElement(using: &generator) ?? .clarity4
            do {
                let syntax = try ContractSyntax(program, of: CheckingVectors.contract(), in: version)
                wellFormed += 1
                _ = try ContractCheck.run(syntax) { _ in nil }
                passed += 1
            } catch let fault as SyntaxFault {
                #expect(fault.span.start.line >= 1 && fault.span.start.column >= 1)
            } catch let fault as CheckFault {
                #expect(!fault.code.isEmpty)
            }
        }
        // Where most were refused at the first letter, nothing behind it would be tried.
        #expect(wellFormed > Self.count / 10)
        #expect(passed > Self.count / 100)
    }

    private static func programs() throws -> [[UInt8]] {
        let cases = try #require(CheckingVectors.load("expressions")["cases"]?.arrayValue)
        let sims = try #require(CheckingVectors.load("scenarios")["sims"]?.arrayValue)
        let steps = sims.flatMap { $0["steps"]?.arrayValue ?? [] }
        let texts =
            cases.compactMap { $0["program"]?.stringValue } + steps.compactMap { $0["code"]?.stringValue }
            + CheckingFaultTests.refusals.map(\.program)
        return texts.filter { $0.utf8.count < 4_096 }.map { Array($0.utf8) }
    }

    /// Sows one to six faults: pieces put in, taken out, doubled, or moved.
    private static func mutate(_ program: [UInt8], using generator: inout SeededGenerator) -> String {
        var bytes = program
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &generator))
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
            case 3:
                let piece = Array((seeds.randomElement(using: &generator) ?? "").utf8)
                bytes.insert(contentsOf: [0x20] + piece + [0x20], at: place)
            case 4:
                let piece = Array((seeds.randomElement(using: &generator) ?? "").utf8)
                bytes.replaceSubrange(place..<end, with: piece)
            default:
                let piece = bytes[place..<end]
                bytes.insert(contentsOf: piece, at: Int.random(in: 0...bytes.count, using: &generator))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
