// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore

/// A channel of its own for every number.
func channel(_ number: Int) -> ChannelID {
    ChannelID(Hash32 { $0.storeBytes(of: UInt64(number).bigEndian, as: UInt64.self) })
}

func commit(_ number: Int, _ state: [UInt8] = [1], effects: [[UInt8]] = []) -> ChannelCommit {
    ChannelCommit(channel: channel(number), scheme: "test", state: state, effects: effects)
}

/// Lets other tasks go on until so many writes wait.
func waitUntil(_ store: SQLiteStore, hasWaiting count: Int) async {
    while store.statistics.waiting < count { await Task.yield() }
}
