// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Synchronization

/// Counts bytes that are held, up to a limit; any task may ask.
final class ByteBudget: Sendable {
    let limit: Int
    private let count = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// Counts bytes, unless they are too many.
    func reserve(_ bytes: Int) -> Bool {
        if count.add(bytes, ordering: .relaxed).newValue <= limit { return true }
        count.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// Counts bytes that are there in any case.
    func add(_ bytes: Int) { count.add(bytes, ordering: .relaxed) }

    func release(_ bytes: Int) { count.subtract(bytes, ordering: .relaxed) }

    var used: Int { count.load(ordering: .relaxed) }
}
