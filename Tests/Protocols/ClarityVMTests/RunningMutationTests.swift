// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import FarthingPrimitives
import FarthingStacks
import Testing

@Suite("Programs that were damaged")
struct RunningMutationTests {
    static func programs() throws -> [String] {
        try CheckingVectors.load("expressions")["cases"]?.arrayValue?.compactMap { $0["program"]?.stringValue } ?? []
    }

    /// The words, brackets and blanks of a program.
    static func pieces(of program: String) -> [String] {
        var pieces: [String] = []
        var word = ""
        for character in program {
            if " (){}\n".contains(character) {
                if !word.isEmpty { pieces.append(word) }
                pieces.append(String(character))
                word = ""
            } else {
                word.append(character)
            }
        }
        return word.isEmpty ? pieces : pieces + [word]
    }

    static func damaged(_ pieces: [String], by others: [String], _ generator: inout SeededGenerator) -> String {
        var pieces = pieces
        for _ in 0...Int.random(in: 0...2, using: &generator) where !pieces.isEmpty {
            let place = Int.random(in: 0..<pieces.count, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: pieces.remove(at: place)
            case 1: pieces.insert(pieces[place], at: place)
            case 2: pieces.swapAt(place, Int.random(in: 0..<pieces.count, using: &generator))
            default: pieces[place] = others.randomElement(using: &generator) ?? ""
            }
        }
        return pieces.joined()
    }

    @Test("Whatever is deployed, or evaluated without any check, the machine goes on", arguments: [1, 2, 3, 4])
    func damage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let programs = try Self.programs().map(Self.pieces)
        let words = Array(Set(programs.joined())).sorted()
        let chain = try TestChain(costLimit: 50_000)
        let home = try chain.deploy(
            "home",
            """
            (define-map m {k: uint} uint) (define-data-var v uint u1) (define-fungible-token t)
            (define-non-fungible-token n uint) (define-constant c u5)
            (define-private (f (x uint)) (+ x u1)) (define-public (p (x uint)) (ok x))
            """, .clarity4)
        var evaluated = 0
        for number in 0..<1_500 {
            let program = Self.damaged(programs.randomElement(using: &generator) ?? [], by: words, &generator)
            let version = ClarityVersion(rawValue: UInt8(2 + number % 3)) ?? .clarity4
            _ = try? chain.simnet.deploy(name: "x\(number)", source: program, version: version, from: chain.alice)
            if (try? chain.simnet.evaluate(program, in: home)) != nil { evaluated += 1 }
        }
        #expect(evaluated > 100)
        #expect(try chain.answer(home, "p", .uint(1)) == "(ok u1)")
    }

    @Test(
        "Words with too few parts are faults, also where nothing was checked",
        arguments: [
            "get a", "if true", "fold +", "match", "let", "merge {a: 1}", "mod 1", "map-set m", "ft-transfer? t",
            "nft-mint? n", "as-contract? ()", "slice? 0x", "var-set v", "contract-call?", "default-to 1",
            "restrict-assets? tx-sender", "+",
        ])
    func tooFew(program: String) throws {
        let chain = try TestChain()
        let home = try chain.deploy(
            "home",
            "(define-map m uint uint) (define-data-var v uint u1) (define-fungible-token t) (define-non-fungible-token n uint)",
            .clarity4)
        #expect(throws: SimnetFault.self) { try chain.simnet.evaluate("(\(program))", in: home) }
    }
}
