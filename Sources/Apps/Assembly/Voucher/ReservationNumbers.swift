// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// Gives each request a number that no other has.
///
/// They count on from a random one, so that a number from before a restart does not come again.
final class ReservationNumbers: Sendable {
    private let last = Atomic(UInt64.random(in: .min ... .max))

    func next() -> ReservationID {
        ReservationID(last.wrappingAdd(1, ordering: .relaxed).newValue)
    }
}
