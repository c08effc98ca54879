// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Synchronization

/// Counts bytes that are held, up to a limit; any task may ask.
package final class ByteBudget: Sendable {
    package let limit: Int
    private let parent: ByteBudget?
    private let isShare: Bool
    private let count = Atomic<Int>(0)

    /// - Parameter parent: Where they count too, such as that of all connections for the one of a connection.
    package init(limit: Int, within parent: ByteBudget? = nil) {
        self.limit = limit
        self.parent = parent
        isShare = false
    }

    /// One of many that share a budget: it may hold as much as is still free there.
    ///
    /// So however much the others hold, one that holds little always finds room: of one that is full half is left, of two
    /// a third.
    package init(shareOf parent: ByteBudget) {
        limit = parent.limit
        self.parent = parent
        isShare = true
    }

    /// What nobody has any more is held no longer.
    deinit { if isShare { parent?.release(used) } }

    /// Counts bytes, unless they are too many, here or further up.
    package func reserve(_ bytes: Int) -> Bool {
        let held = count.add(bytes, ordering: .relaxed).newValue
        if held <= limit, parent?.reserve(bytes) ?? true {
            guard isShare, let parent, held > parent.limit - parent.used else { return true }
            parent.release(bytes)
        }
        count.subtract(bytes, ordering: .relaxed)
        return false
    }

    /// Counts bytes that are there in any case.
    package func add(_ bytes: Int) {
        count.add(bytes, ordering: .relaxed)
        parent?.add(bytes)
    }

    package func release(_ bytes: Int) { add(-bytes) }

    package var used: Int { count.load(ordering: .relaxed) }
}
