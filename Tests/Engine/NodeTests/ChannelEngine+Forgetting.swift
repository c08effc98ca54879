// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingNode

extension ChannelEngine {
    /// Whether no channel is kept, once the turns that have answered have ended.
    ///
    /// A channel is forgotten just after its last answer, so a caller may look too early.
    func forgetsAll() async -> Bool {
        for _ in 0..<10_000 where channelsInMemory > 0 { await Task.yield() }
        return channelsInMemory == 0
    }
}
