// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingStacksSettlement
import Foundation
import Testing

/// What is deployed from Swift is what the other tests of this target execute.
@Suite struct DeployedSourceTests {
    @Test(arguments: ClaritySource.all)
    func `The program that is deployed is that of the project, without comments`(source: ClaritySource) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Contracts/Clarity/contracts/\(source.name).clar").standardized
        let words = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
            .map { line in line.firstRange(of: ";;").map { line[..<$0.lowerBound] } ?? line }
            .flatMap { $0.split(whereSeparator: \.isWhitespace) }
        #expect(source.text.split(whereSeparator: \.isWhitespace) == words, "run Scripts/clarity-sources")
    }
}
