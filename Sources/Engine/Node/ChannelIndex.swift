// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Synchronization

/// All channels that are in memory, spread over shards so that finding one seldom waits for another.
final class ChannelIndex<Scheme: StoredChannelScheme>: Sendable {
    typealias Cell = ChannelCell<Scheme>

    private final class Shard: Sendable {
        let cells = Mutex<[ChannelID: Cell]>([:])
    }

    private let shards = (0..<64).map { _ in Shard() }

    var count: Int { shards.reduce(0) { $0 + $1.cells.withLock { $0.count } } }

    func find(_ id: ChannelID) -> Cell? { shard(of: id).cells.withLock { $0[id] } }

    func findOrMake(_ id: ChannelID) -> Cell {
        shard(of: id).cells.withLock { cells in
            if let cell = cells[id] { return cell }
            let cell = Cell(id)
            cells[id] = cell
            return cell
        }
    }

    /// Keeps a channel that was read from the store, unless it is there already.
    func keep(_ cell: Cell) {
        shard(of: cell.id).cells.withLock { cells in
            if cells[cell.id] == nil { cells[cell.id] = cell }
        }
    }

    /// Lets go of a cell when nothing of it is worth keeping.
    func dropIfForgettable(_ cell: Cell) {
        guard cell.isForgettable else { return }
        shard(of: cell.id).cells.withLock { cells in
            if cells[cell.id] === cell, cell.drop() { cells[cell.id] = nil }
        }
    }

    private func shard(of id: ChannelID) -> Shard {
        // Ids are digests, so any of their bytes spreads them evenly.
        id.hash.withBytes { shards[Int($0[0]) % shards.count] }
    }
}
