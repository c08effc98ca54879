// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The words of the language that the machine knows and does not evaluate.
enum Words {
    static let unsupported: Set<String> = [
        "at-block", "get-block-info?", "get-burn-block-info?", "get-stacks-block-info?", "get-tenure-info?",
    ]

    /// The words of `program` that are not evaluated, sorted.
    static func unsupported(in program: String) -> [String] {
        let code = program.split(separator: "\n").map { line in
            line.firstRange(of: ";;").map { line[..<$0.lowerBound] } ?? line
        }
        let words = code.flatMap { line in line.split { " ()\t{},:".contains($0) } }
        return Set(words.map(String.init)).intersection(unsupported).sorted()
    }
}
