// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels

/// What a store should hold, kept in the simplest way.
struct ChannelStoreModel {
    var records: [ChannelID: ChannelRecord] = [:]
    var outbox: [PendingEffect.ID: PendingEffect] = [:]
    var bookmarks: [String: UInt64] = [:]

    var channels: [StoredChannel] {
        records.map { StoredChannel(id: $0, record: $1) }.sorted { $0.id < $1.id }
    }

    var effects: [PendingEffect] { outbox.values.sorted { $0.id < $1.id } }

    mutating func write(_ commit: ChannelCommit, effects ids: [PendingEffect.ID]) {
        let version = records[commit.channel]?.version.next ?? Version(number: 1)
        records[commit.channel] = ChannelRecord(scheme: commit.scheme, state: commit.state, version: version)
        for (id, body) in zip(ids, commit.effects) {
            outbox[id] = PendingEffect(id: id, channel: commit.channel, body: body)
        }
    }
}
