// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

/// Which nodes of one kind were written longest ago, and how much they take.
struct NodeAges: Sendable {
    private struct Writing: Sendable {
        let soul: Soul
        let number: UInt64
    }

    /// Each node's last writing.
    private var latest: [Soul: UInt64] = [:]
    /// All writings in their order, from `first` on; those that are no node's last are passed over.
    private var writings: [Writing] = []
    private var first = 0
    private var number: UInt64 = 0
    /// - Unit: bytes of souls, keys and values.
    var bytes = 0

    var count: Int { latest.count }

    /// A node was written, or written again as it is.
    mutating func touch(_ soul: Soul) {
        number += 1
        latest[soul] = number
        writings.append(Writing(soul: soul, number: number))
        guard writings.count > 64 + 2 * latest.count else { return }
        writings = writings[first...].filter { latest[$0.soul] == $0.number }
        first = 0
    }

    mutating func remove(_ soul: Soul) { latest[soul] = nil }

    /// The node that was written longest ago.
    mutating func oldest() -> Soul? {
        while first < writings.count {
            let writing = writings[first]
            if latest[writing.soul] == writing.number { return writing.soul }
            first += 1
        }
        return nil
    }
}
