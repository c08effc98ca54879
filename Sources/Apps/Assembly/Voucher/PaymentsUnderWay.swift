// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// Counts the payments that are neither charged nor given up, so that a crowd is sent away before memory runs out.
final class PaymentsUnderWay: Sendable {
    private let count = Atomic(0)
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// Whether no more may begin.
    var isFull: Bool { count.load(ordering: .relaxed) >= maximum }

    func begin() { count.wrappingAdd(1, ordering: .relaxed) }
    func end() { count.wrappingSubtract(1, ordering: .relaxed) }
}
