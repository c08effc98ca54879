// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Testing

extension ChannelStoreConformance {
    func runEffects() async throws {
        try await keepsEffectsUntilAcknowledged()
        try await namesEffectsAsItListsThem()
        try await listsEffectsAPageAtATime()
        try await neverGivesANameTwice()
    }

    private func keepsEffectsUntilAcknowledged() async throws {
        let store = try await makeStore()
        let ids = try await store.commit(commit([1], effects: [[7], [8], [8]]), over: nil)
        #expect(try await bodies(store) == [[7], [8], [8]])
        try await store.acknowledge(ids[1])
        #expect(try await bodies(store) == [[7], [8]])
        try await store.acknowledge(ids[1])
        try await store.acknowledge(.max)
        #expect(try await bodies(store) == [[7], [8]])
        _ = try await store.commit(commit([2], effects: [[6]]), over: Version(number: 1))
        #expect(try await bodies(store) == [[7], [8], [6]], "a later commit leaves earlier effects alone")
        for effect in try await store.pendingEffects(after: nil, limit: 10) {
            try await store.acknowledge(effect.id)
        }
        #expect(try await bodies(store).isEmpty)
        #expect(try await store.load(channel) == record([2], version: 2))
    }

    private func namesEffectsAsItListsThem() async throws {
        let store = try await makeStore()
        var expected: [PendingEffect] = []
        for number in 1...3 {
            let bodies = (0..<number).map { [UInt8(number), UInt8($0)] }
            let channel = Self.channel(number)
            let ids = try await store.commit(commit([0], effects: bodies, on: channel), over: nil)
            #expect(ids.count == number)
            expected += zip(ids, bodies).map { PendingEffect(id: $0, channel: channel, body: $1) }
        }
        #expect(try await store.pendingEffects(after: nil, limit: 10) == expected)
    }

    private func listsEffectsAPageAtATime() async throws {
        let store = try await makeStore()
        let ids = try await store.commit(commit([1], effects: (0..<7).map { [$0] }), over: nil)
        #expect(try await store.pendingEffects(after: nil, limit: 3).map(\.id) == Array(ids[0..<3]))
        #expect(try await store.pendingEffects(after: ids[2], limit: 3).map(\.id) == Array(ids[3..<6]))
        try await store.acknowledge(ids[4])
        #expect(try await store.pendingEffects(after: ids[2], limit: 3).map(\.id) == [ids[3], ids[5], ids[6]])
        #expect(try await store.pendingEffects(after: ids[4], limit: 1).map(\.id) == [ids[5]], "after one that is gone")
        #expect(try await store.pendingEffects(after: ids[6], limit: 3).isEmpty)
        #expect(try await store.pendingEffects(after: nil, limit: 0).isEmpty)
    }

    private func neverGivesANameTwice() async throws {
        let store = try await makeStore()
        var youngest: PendingEffect.ID?
        for number in 0..<5 {
            let expected = number == 0 ? nil : Version(number: Int64(number))
            let id = try #require(try await store.commit(commit([0], effects: [[1]]), over: expected).first)
            if let youngest { #expect(id > youngest) }
            try await store.acknowledge(id)
            youngest = id
        }
    }

    private func bodies(_ store: any ChannelStore) async throws -> [[UInt8]] {
        try await store.pendingEffects(after: nil, limit: 10).map(\.body)
    }
}
