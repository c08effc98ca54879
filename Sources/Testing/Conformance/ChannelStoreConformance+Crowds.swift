// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Testing

extension ChannelStoreConformance {
    func runCrowds() async throws {
        try await landsACrowdOnManyChannels()
        try await letsOneOfACrowdWin()
    }

    private func landsACrowdOnManyChannels() async throws {
        let store = try await makeStore()
        let crowd = 0..<200
        let named = try await withThrowingTaskGroup(of: (Int, [PendingEffect.ID]).self) { group in
            for number in crowd {
                let commit = commit([UInt8(number)], effects: [[UInt8(number)], [0]], on: Self.channel(number))
                group.addTask { (number, try await store.commit(commit, over: nil)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let stored = try await store.channels(after: nil, limit: 1000)
        #expect(stored.map(\.id) == crowd.map { Self.channel($0) })
        #expect(stored.map(\.record) == crowd.map { record([UInt8($0)], version: 1) })
        let pending = try await store.pendingEffects(after: nil, limit: 1000)
        #expect(pending.count == 2 * crowd.count)
        #expect(pending.map(\.id) == pending.map(\.id).sorted())
        for number in crowd {
            let effects = pending.filter { $0.channel == Self.channel(number) }
            #expect(effects.map(\.id) == named[number])
            #expect(effects.map(\.body) == [[UInt8(number)], [0]])
        }
    }

    private func letsOneOfACrowdWin() async throws {
        let store = try await makeStore()
        for version in 0..<3 as Range<Int64> {
            let expected = version == 0 ? nil : Version(number: version)
            let winners = try await withThrowingTaskGroup(of: UInt8?.self) { group in
                for number in 0..<50 as Range<UInt8> {
                    let commit = commit([number], effects: [[number]])
                    group.addTask { try await Self.wins(commit, over: expected, in: store) ? number : nil }
                }
                return try await group.reduce(into: []) { $0 += [$1].compactMap(\.self) }
            }
            #expect(winners.count == 1)
            let winner = try #require(winners.first)
            #expect(try await store.load(channel) == record([winner], version: version + 1))
            let pending = try await store.pendingEffects(after: nil, limit: 100)
            #expect(pending.map(\.body) == [[winner]], "only the winner's effects are kept")
            for effect in pending { try await store.acknowledge(effect.id) }
        }
    }

    private static func wins(
        _ commit: ChannelCommit, over expected: Version?, in store: any ChannelStore
    ) async throws -> Bool {
        do {
            _ = try await store.commit(commit, over: expected)
            return true
        } catch StoreError.conflict(let stored) {
            #expect(stored == expected?.next ?? Version(number: 1))
            return false
        }
    }
}
