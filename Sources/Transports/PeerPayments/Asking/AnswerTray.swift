// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Collects answers that come in any order.
final class AnswerTray: Sendable {
    typealias Answer = Result<PeerReply, any Error>

    private struct Contents {
        var answers: [Answer?]
        var left: Int
    }

    private let contents: Mutex<Contents>
    private let full: CheckedContinuation<[Answer], Never>

    init(_ count: Int, _ full: CheckedContinuation<[Answer], Never>) {
        contents = Mutex(Contents(answers: Array(repeating: nil, count: count), left: count))
        self.full = full
    }

    func put(_ answer: Answer, at index: Int) {
        let all = contents.withLock { contents in
            guard contents.answers[index] == nil else { return nil as [Answer?]? }
            contents.answers[index] = answer
            contents.left -= 1
            return contents.left == 0 ? contents.answers : nil
        }
        if let all { full.resume(returning: all.compactMap(\.self)) }
    }
}
