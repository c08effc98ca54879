// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Collects the answers to payments that came together, until all of them have come or will not.
final class PaidTray: Sendable {
    private struct Contents {
        var answers: [PaidAnswer] = []
        var left: Int
    }

    private let ids: [UInt32]
    private let contents: Mutex<Contents>
    private let full: @Sendable ([PaidAnswer]) -> Void

    /// - Parameters:
    ///   - ids: By which the payer knows the payments, in their order.
    ///   - full: Given the answers, once, if there are any.
    init(_ ids: [UInt32], full: @escaping @Sendable ([PaidAnswer]) -> Void) {
        self.ids = ids
        var contents = Contents(left: ids.count)
        contents.answers.reserveCapacity(ids.count)
        self.contents = Mutex(contents)
        self.full = full
    }

    /// - Parameter answer: `nil` for a payment that is answered in another way.
    func put(_ answer: (receipt: String, contentType: String, body: [UInt8])?, at place: Int) {
        let all = contents.withLock { contents in
            if let answer {
                contents.answers.append(
                    PaidAnswer(
                        id: ids[place], receipt: answer.receipt, contentType: answer.contentType, body: answer.body))
            }
            contents.left -= 1
            guard contents.left == 0 else { return nil as [PaidAnswer]? }
            defer { contents.answers = [] }
            return contents.answers
        }
        if let all, !all.isEmpty { full(all) }
    }
}
