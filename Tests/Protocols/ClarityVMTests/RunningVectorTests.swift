// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import Foundation
import Testing

@testable import clarity_vectors

@Suite("Programs and scenarios with the outcomes of the node's own VM")
struct RunningVectorTests {
    static func failures(in name: String) throws -> [Outcome] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let bytes = Array(try Data(contentsOf: tests.appending(path: "Vectors/clarity/\(name).json")))
        let outcomes = try VectorFile(bytes).outcomes(versions: [.clarity2, .clarity3, .clarity4])
        #expect(outcomes.allSatisfy { if case .skipped = $0.verdict { false } else { true } })
        #expect(outcomes.count > 90)
        return outcomes.filter(\.isFailure)
    }

    @Test("Every program has its type, value, bytes or error in each edition")
    func programs() throws {
        #expect(try Self.failures(in: "expressions").map { "\($0)" } == [])
    }

    @Test("Every step of every scenario has its answer, assets and events")
    func scenarios() throws {
        #expect(try Self.failures(in: "scenarios").map { "\($0)" } == [])
    }

    @Test("A wrong expectation is told as a failure")
    func wrongExpectation() throws {
        let file = """
            {"cases": [{"id": "a", "program": "(+ 1 1)", "expect": [{"clarity": [4], "check": "int", "hex": "00", "value": "3"}]}]}
            """
        let outcomes = try VectorFile(Array(file.utf8)).outcomes(versions: [.clarity4])
        #expect(outcomes.map(\.isFailure) == [true])
    }

    @Test("A program with a word that is not evaluated is skipped for it")
    func skipped() throws {
        let file = """
            {"cases": [{"id": "a", "program": "(at-block 0x (f)) ;; x", "expect": [{"clarity": [3], "value": "3"}]}]}
            """
        let outcomes = try VectorFile(Array(file.utf8)).outcomes(versions: [.clarity3])
        #expect(outcomes.map(\.verdict) == [.skipped(words: ["at-block"])])
    }
}
