// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Testing

extension ChannelStoreConformance {
    func runCommits() async throws {
        try await returnsWhatWasCommitted()
        try await createsOnlyOnce()
        try await refusesAStaleWriterAndWritesNothing()
        try await refusesToReplaceWhatIsNotThere()
        try await keepsBytesAsTheyAre()
    }

    private func returnsWhatWasCommitted() async throws {
        let store = try await makeStore()
        #expect(try await store.load(channel) == nil)
        #expect(try await store.commit(commit([1]), over: nil) == [])
        #expect(try await store.load(channel) == record([1], version: 1))
        let other = ChannelCommit(channel: channel, scheme: "another test", state: [2, 2])
        _ = try await store.commit(other, over: Version(number: 1))
        let expected = ChannelRecord(scheme: "another test", state: [2, 2], version: Version(number: 2))
        #expect(try await store.load(channel) == expected)
        #expect(try await store.load(Self.channel(2)) == nil)
    }

    private func createsOnlyOnce() async throws {
        let store = try await makeStore()
        _ = try await store.commit(commit([1]), over: nil)
        await #expect(throws: StoreError.conflict(stored: Version(number: 1))) {
            try await store.commit(commit([2], effects: [[9]]), over: nil)
        }
        #expect(try await store.load(channel) == record([1], version: 1))
        #expect(try await store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    private func refusesAStaleWriterAndWritesNothing() async throws {
        let store = try await makeStore()
        _ = try await store.commit(commit([1]), over: nil)
        let seen = try #require(try await store.load(channel)).version
        _ = try await store.commit(commit([2]), over: seen)
        for stale in [seen, seen.next.next, Version(number: 0), Version(number: .max)] {
            await #expect(throws: StoreError.conflict(stored: seen.next)) {
                try await store.commit(commit([3], effects: [[9]]), over: stale)
            }
        }
        #expect(try await store.load(channel) == record([2], version: 2))
        #expect(try await store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    private func refusesToReplaceWhatIsNotThere() async throws {
        let store = try await makeStore()
        await #expect(throws: StoreError.conflict(stored: nil)) {
            try await store.commit(commit([1], effects: [[9]]), over: Version(number: 1))
        }
        #expect(try await store.load(channel) == nil)
        #expect(try await store.pendingEffects(after: nil, limit: 10).isEmpty)
    }

    private func keepsBytesAsTheyAre() async throws {
        let store = try await makeStore()
        let large = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let zeros = [UInt8](repeating: 0, count: 3)
        for (number, bytes) in [[], zeros, large].enumerated() {
            let channel = Self.channel(number)
            let ids = try await store.commit(commit(bytes, effects: [bytes, []], on: channel), over: nil)
            #expect(try await store.load(channel)?.state == bytes)
            let pending = try await store.pendingEffects(after: nil, limit: 10)
            #expect(pending.filter { ids.contains($0.id) }.map(\.body) == [bytes, []])
            for version in 1...2 {  // replaced by the same, then by nothing
                let next = commit(version == 1 ? bytes : [], on: channel)
                _ = try await store.commit(next, over: Version(number: Int64(version)))
                #expect(try await store.load(channel)?.state == next.state)
            }
        }
    }
}
