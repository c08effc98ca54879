// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// Which channels must be looked at again, and when: few of them, but where a settlement tells of no changes.
final class Appointments: Sendable {
    private let times = Mutex<[ChannelID: Instant]>([:])

    func update(_ id: ChannelID, from before: Instant?, to after: Instant?) {
        guard before != after else { return }
        times.withLock { $0[id] = after }
    }

    /// Those that are due; each stays until its channel has another time, or none.
    func due(at now: Instant) -> [ChannelID] {
        times.withLock { times in times.filter { $0.value <= now }.map(\.key) }
    }
}
