// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// The words of the language that the machine knows and does not evaluate.
enum Words {
    static let unsupported: Set<String> = [
        "at-block", "get-block-info?", "get-burn-block-info?", "get-stacks-block-info?", "get-tenure-info?",
    ]

    /// The words of `program` that are not evaluated, sorted.
    static func unsupported(in program: String) -> [String] {
        var words: Set<String> = []
        for line in program.split(separator: "\n") {
            // What stands behind two semicolons is a comment.
            let code = line.firstRange(of: ";;").map { line[..<$0.lowerBound] } ?? line[...]
            for word in code.split(whereSeparator: { " ()\t{},:".contains($0) }) { words.insert(String(word)) }
        }
        return words.intersection(unsupported).sorted()
    }
}
