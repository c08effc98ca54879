// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Synchronization

/// Those who want to know when something happened to a channel on the settlement.
final class ChannelFollowers: Sendable {
    typealias Follower = @Sendable (ChannelID) async throws -> Void

    private let followers = Mutex<[Follower]>([])

    var all: [Follower] { followers.withLock { $0 } }

    func add(_ follower: @escaping Follower) { followers.withLock { $0.append(follower) } }
}
