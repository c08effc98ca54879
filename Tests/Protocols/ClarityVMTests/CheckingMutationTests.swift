// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
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

    @Test("None of them crashes or hangs lexer, sorter or checker, and each fault has its place")
    func mutations() throws {
        var mutator = try ContractMutator(seed: 20_261_122)
        var (wellFormed, passed) = (0, 0)
        for _ in 0..<Self.count {
            let (program, version) = mutator.next()
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
        #expect(wellFormed > Self.count / 3)
        #expect(passed > Self.count / 20)
    }
}
