// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
public import FarthingPrimitives

/// Finds cells by the ids that they hold themselves: eleven to twenty-two bytes a channel, a fifth of a dictionary's.
///
/// An open table: a cell lies at the place that its hash names, or at the next that was free.
@usableFromInline struct CellTable<Scheme: StoredChannelScheme>: Sendable {
    @usableFromInline typealias Cell = ChannelCell<Scheme>

    /// A power of two of them, at most three quarters of them taken.
    @usableFromInline var places: [Cell?] = Array(repeating: nil, count: 8)
    @usableFromInline var count = 0
    /// Ids are digests, but a payer can choose among many; nobody can choose against a number drawn here.
    @usableFromInline let seed = UInt64.random(in: 0...UInt64.max)

    @inlinable init() {}

    @inlinable func find(_ id: ChannelID) -> Cell? { places[place(of: id)] }

    /// Adds a cell whose id is not there yet.
    @inlinable mutating func add(_ cell: Cell) {
        if (count + 1) * 4 > places.count * 3 { grow() }
        places[place(of: cell.id)] = cell
        count += 1
    }

    @inlinable mutating func remove(_ id: ChannelID) {
        var hole = place(of: id)
        guard places[hole] != nil else { return }
        places[hole] = nil
        count -= 1
        // Whatever lies behind it up to the next free place may have wanted the place that is free now.
        var next = after(hole)
        while let cell = places[next] {
            if distance(from: wanted(by: cell.id), to: next) >= distance(from: hole, to: next) {
                places[hole] = cell
                places[next] = nil
                hole = next
            }
            next = after(next)
        }
    }

    @inlinable mutating func grow() {
        let old = places
        places = Array(repeating: nil, count: old.count * 2)
        for case let cell? in old { places[place(of: cell.id)] = cell }
    }

    /// Where a cell lies, or where it would.
    @inlinable func place(of id: ChannelID) -> Int {
        var place = wanted(by: id)
        while let cell = places[place], cell.id != id { place = after(place) }
        return place
    }

    @inlinable func after(_ place: Int) -> Int { (place &+ 1) & (places.count &- 1) }

    @inlinable func distance(from place: Int, to other: Int) -> Int { (other &- place) & (places.count &- 1) }

    @inlinable func wanted(by id: ChannelID) -> Int {
        id.hash.withBytes { bytes in
            // The first byte names the shard.
            let first = bytes.loadUnaligned(fromByteOffset: 1, as: UInt64.self) ^ seed
            let second = bytes.loadUnaligned(fromByteOffset: 9, as: UInt64.self) ^ 0x9E37_79B9_7F4A_7C15
            let product = first.multipliedFullWidth(by: second)
            return Int(truncatingIfNeeded: product.high ^ product.low) & (places.count &- 1)
        }
    }
}
