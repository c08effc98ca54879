// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import Synchronization

/// A budget of which each place on the network has a share, so that none can use it up.
package final class ByteShares<Place: Hashable & Sendable>: Sendable {
    private struct Share {
        weak var budget: ByteBudget?
    }

    private let all: ByteBudget
    private let shares = Mutex<[Place?: Share]>([:])

    package init(_ all: ByteBudget) { self.all = all }

    /// The share of a place, which is the same for as long as anybody has it.
    ///
    /// - Parameter place: `nil` for all of which nobody can tell where they are: together they are one place.
    package func share(of place: Place?) -> ByteBudget {
        shares.withLock { shares in
            if let known = shares[place]?.budget { return known }
            shares = shares.filter { $0.value.budget != nil }
            let share = ByteBudget(shareOf: all)
            shares[place] = Share(budget: share)
            return share
        }
    }

    /// What all hold together.
    package var used: Int { all.used }
}
