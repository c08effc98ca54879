// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Testing

@Suite("A journal store whose power fails", .timeLimit(.minutes(5)))
struct PowerCutTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A hundred cuts in the life of each store, each at any operation of the disk.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `has everything that was answered, nothing twice and nothing by half`(seed: UInt64) async throws {
        var life = StoreLife(path: folder.newPath(), seed: seed)
        for _ in 0..<100 { try await life.liveUntilCut() }
        #expect(life.cuts == 100)
        #expect(life.answered > 500, "the walk tried little")
        #expect(life.folds > 5, "the walk folded little")
    }
}
