// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import GRDB

/// One thing to be written, alone or together with others.
enum WriteOrder: Sendable {
    case commit(ChannelCommit, over: Version?)
    case acknowledge(PendingEffect.ID)
    case setBookmark(String, to: UInt64)

    /// More than this SQLite does not keep in one row.
    ///
    /// - Unit: bytes.
    /// - Source: SQLite, "Implementation Limits": 1,000,000,000 bytes unless it was built otherwise.
    static let largestSize = 900_000_000

    /// How much it carries, in bytes.
    var size: Int {
        switch self {
        case .commit(let commit, _): commit.effects.reduce(commit.state.count) { $0 + $1.count }
        case .acknowledge, .setBookmark: 0
        }
    }

    /// Writes it inside a transaction that is open.
    ///
    /// - Returns: The names of its effects; or that somebody was faster, and then nothing of it was written.
    /// - Throws: What makes the whole transaction fail.
    func carryOut(in db: Database) throws -> Result<[PendingEffect.ID], StoreError> {
        switch self {
        case .commit(let commit, let expected):
            guard try ChannelTable.replace(commit, over: expected, in: db) else {
                return .failure(.conflict(stored: try ChannelTable.version(of: commit.channel, in: db)))
            }
            return .success(try commit.effects.map { try OutboxTable.append($0, of: commit.channel, in: db) })
        case .acknowledge(let effect):
            try OutboxTable.remove(effect, in: db)
            return .success([])
        case .setBookmark(let name, let position):
            try BookmarkTable.set(name, to: position, in: db)
            return .success([])
        }
    }
}
