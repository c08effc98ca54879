// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Synchronization

/// How many bytes wait in several outboxes together; any task may ask.
final class OutboxTotal: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }

    var bytes: Int { count.load(ordering: .relaxed) }
}
