// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives
public import Synchronization

/// All channels that are in memory, spread over shards so that finding one seldom waits for another.
@usableFromInline final class ChannelIndex<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline typealias Cell = ChannelCell<Scheme>

    @usableFromInline final class Shard: Sendable {
        @usableFromInline let cells = Mutex(CellTable<Scheme>())
    }

    @usableFromInline let shards = (0..<64).map { _ in Shard() }

    @inlinable var count: Int { shards.reduce(0) { $0 + $1.cells.withLock { $0.count } } }

    @inlinable func find(_ id: ChannelID) -> Cell? { shard(of: id).cells.withLock { $0.find(id) } }

    @inlinable func findOrMake(_ id: ChannelID) -> Cell {
        shard(of: id).cells.withLock { cells in
            if let cell = cells.find(id) { return cell }
            let cell = Cell(id)
            cells.add(cell)
            return cell
        }
    }

    /// Keeps a channel that was read from the store, unless it is there already.
    @inlinable func keep(_ cell: Cell) {
        shard(of: cell.id).cells.withLock { cells in
            if cells.find(cell.id) == nil { cells.add(cell) }
        }
    }

    /// Lets go of a cell when nothing of it is worth keeping.
    @inlinable func dropIfForgettable(_ cell: Cell) {
        guard cell.isForgettable else { return }
        shard(of: cell.id).cells.withLock { cells in
            if cells.find(cell.id) === cell, cell.drop() { cells.remove(cell.id) }
        }
    }

    @inlinable func shard(of id: ChannelID) -> Shard {
        // Ids are digests, so any of their bytes spreads them evenly.
        id.hash.withBytes { shards[Int($0[0]) % shards.count] }
    }
}
