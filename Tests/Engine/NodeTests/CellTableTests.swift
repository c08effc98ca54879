// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Testing

@testable import FarthingNode

@Suite("A table of cells")
struct CellTableTests {
    @Test func `finds what is in it, and nothing else, whatever came and went`() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            var table = CellTable<Till>()
            var known: [ChannelID: ChannelCell<Till>] = [:]
            for _ in 0..<3000 {
                let id = ChannelID(Keccak256.hash(utf8: "\(Int.random(in: 0..<300, using: &random))"))
                if known[id] != nil {
                    known[id] = nil
                    table.remove(id)
                } else {
                    let cell = ChannelCell<Till>(id)
                    known[id] = cell
                    table.add(cell)
                }
                // Cells that lie behind the one that went must still be found.
                let isWhole = known.allSatisfy { table.find($0.key) === $0.value }
                #expect(isWhole, "seed \(seed)")
                #expect(table.find(id) === known[id], "seed \(seed)")
                #expect(table.count == known.count, "seed \(seed)")
            }
        }
    }

    @Test func `removes nothing for an id that is not in it`() {
        var table = CellTable<Till>()
        let cell = ChannelCell<Till>(ChannelID(Keccak256.hash(utf8: "here")))
        table.add(cell)
        table.remove(ChannelID(Keccak256.hash(utf8: "elsewhere")))
        #expect(table.count == 1)
        #expect(table.find(cell.id) === cell)
    }
}
