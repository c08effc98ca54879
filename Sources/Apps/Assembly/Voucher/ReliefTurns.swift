// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// Sees to it that of many requests which find no room one makes it, and the others wait for that.
actor ReliefTurns {
    /// Whose room is made: one channel's, or that of all.
    enum Place: Hashable {
        case channel(ChannelID)
        case all
    }

    private var running: [Place: Task<Bool, Never>] = [:]

    /// - Returns: Whether it is worth looking for room again.
    func run(_ place: Place, _ work: @escaping @Sendable () async -> Bool) async -> Bool {
        if let task = running[place] { return await task.value }
        let task = Task { await work() }
        running[place] = task
        defer { running[place] = nil }
        return await task.value
    }
}
