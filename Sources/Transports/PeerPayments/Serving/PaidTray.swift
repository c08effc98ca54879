// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Collects the answers to the payments of one frame, until all of them have come or will not.
final class PaidTray: Sendable {
    private struct Contents {
        var answers: [PaidAnswer] = []
        var left: Int
    }

    private let contents: Mutex<Contents>
    private let full: @Sendable ([PaidAnswer]) -> Void

    /// - Parameter full: Given the answers, once.
    init(_ count: Int, full: @escaping @Sendable ([PaidAnswer]) -> Void) {
        contents = Mutex(Contents(left: count))
        self.full = full
    }

    func put(_ answer: PaidAnswer) { change(1) { $0.append(answer) } }

    /// So many are answered in another way, or not at all.
    func pass(_ count: Int) { change(count) { _ in } }

    private func change(_ count: Int, _ body: (inout [PaidAnswer]) -> Void) {
        let all = contents.withLock { contents in
            body(&contents.answers)
            contents.left -= count
            return count > 0 && contents.left == 0 ? contents.answers : nil
        }
        if let all, !all.isEmpty { full(all) }
    }
}
