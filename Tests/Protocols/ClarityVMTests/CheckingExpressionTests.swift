// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingClarityVM
import FarthingEncodings
import Testing

@Suite("Programs, as the reference VM checks them")
struct CheckingExpressionTests {
    @Test("Every program has the reference's type, or breaks the rule that it breaks there")
    func expressions() throws {
        let cases = try #require(CheckingVectors.load("expressions")["cases"]?.arrayValue)
        #expect(cases.count == 466)
        for item in cases {
            let program = try #require(item["program"]?.stringValue)
            for expectation in try #require(item["expect"]?.arrayValue) {
                let wanted =
                    expectation["checkErr"]?.stringValue.map { "! \($0)" } ?? expectation["check"]?.stringValue ?? "-"
                for number in try #require(expectation["clarity"]?.arrayValue) {
                    let version = try #require(number.integerValue.flatMap { ClarityVersion(rawValue: UInt8($0)) })
                    let found = try CheckingVectors.outcome(of: program, in: version)
                    #expect(found == wanted, "\(item["id"]?.stringValue ?? "") in \(version): \(program)")
                }
            }
        }
    }
}
