// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingConformance
import FarthingMemoryStore
import Testing

@Suite("The memory store")
struct MemoryStoreTests {
    @Test func `does what every channel store must`() async throws {
        try await ChannelStoreConformance { MemoryStore() }.run()
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `agrees with a model on every walk`(seed: UInt64) async throws {
        try await ChannelStoreWalk(seed: seed) { old in old ?? MemoryStore() }.run()
    }
}
