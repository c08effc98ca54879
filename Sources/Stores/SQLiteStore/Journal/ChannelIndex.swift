// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives

/// The version of each known channel, and where its newest record lies, at 56 bytes a channel.
///
/// Entries lie in pieces that never move; small tables, one for each of 256 parts of the ids, find them. So growing
/// never holds anybody up for long.
final class ChannelIndex {
    /// Where an entry stands; good for ever.
    typealias Slot = UInt32

    struct Entry {
        let id: ChannelID
        /// The newest version, on the disk or on its way there; 0 for a channel that is not stored.
        var version: Int64
        /// The newest record on the disk, when it is in the journal.
        var place: JournalPlace
    }

    private static let pieceBits: UInt32 = 12
    private static let emptySlot = Slot.max

    private var pieces: [UnsafeMutablePointer<Entry>] = []
    private(set) var count: UInt32 = 0
    private var tables: [[Slot]] = Array(repeating: Array(repeating: emptySlot, count: 8), count: 256)
    private var counts = [Int](repeating: 0, count: 256)
    /// Ids are digests, but a payer can choose among many; nobody can choose against a number drawn here.
    private let seed = UInt64.random(in: 0...UInt64.max)

    deinit { for piece in pieces { piece.deallocate() } }

    @inline(__always) subscript(slot: Slot) -> Entry {
        _read { yield pieces[Int(slot >> Self.pieceBits)][Int(slot & (1 << Self.pieceBits - 1))] }
        _modify { yield &pieces[Int(slot >> Self.pieceBits)][Int(slot & (1 << Self.pieceBits - 1))] }
    }

    func find(_ id: ChannelID) -> Slot? {
        let hash = hash(id)
        return tables[Int(hash & 255)].withUnsafeBufferPointer { table in
            var position = Int(hash >> 8) & (table.count &- 1)
            while true {
                let slot = table[position]
                if slot == Self.emptySlot { return nil }
                if self[slot].id == id { return slot }
                position = (position &+ 1) & (table.count &- 1)
            }
        }
    }

    /// Adds a channel that is not there yet.
    func add(_ id: ChannelID, version: Int64) -> Slot {
        if count & (1 << Self.pieceBits - 1) == 0 {
            pieces.append(.allocate(capacity: 1 << Self.pieceBits))
        }
        let slot = count
        (pieces[Int(slot >> Self.pieceBits)] + Int(slot & (1 << Self.pieceBits - 1))).initialize(
            to: Entry(id: id, version: version, place: .none))
        count += 1
        let hash = hash(id)
        let part = Int(hash & 255)
        counts[part] += 1
        if counts[part] * 4 > tables[part].count * 3 { grow(part) }
        Self.enter(slot, hash, into: &tables[part])
        return slot
    }

    private func grow(_ part: Int) {
        var larger = [Slot](repeating: Self.emptySlot, count: tables[part].count * 2)
        for slot in tables[part] where slot != Self.emptySlot { Self.enter(slot, hash(self[slot].id), into: &larger) }
        tables[part] = larger
    }

    private static func enter(_ slot: Slot, _ hash: UInt64, into table: inout [Slot]) {
        var position = Int(hash >> 8) & (table.count - 1)
        while table[position] != emptySlot { position = (position + 1) & (table.count - 1) }
        table[position] = slot
    }

    @inline(__always) private func hash(_ id: ChannelID) -> UInt64 {
        id.hash.withBytes { bytes in
            let first = bytes.load(as: UInt64.self) ^ seed
            let second = bytes.load(fromByteOffset: 8, as: UInt64.self) ^ 0x9E37_79B9_7F4A_7C15
            let product = first.multipliedFullWidth(by: second)
            return product.high ^ product.low
        }
    }
}

/// Where a record lies: in which segment, and how many bytes from its beginning.
struct JournalPlace: Hashable, Sendable {
    /// 0 when it lies in no segment.
    let segment: UInt32
    let offset: UInt32

    static let none = JournalPlace(segment: 0, offset: 0)
}
