// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// What came of one vector.
enum Verdict: Hashable, Sendable {
    case passed
    case failed(expected: String, got: String)
    /// It uses words that the machine does not evaluate.
    case skipped(words: [String])
}

/// A vector and what came of it.
struct Outcome: Sendable {
    /// The vector's name in its file.
    let id: String
    let verdict: Verdict

    var isFailure: Bool {
        guard case .failed = verdict else { return false }
        return true
    }
}
