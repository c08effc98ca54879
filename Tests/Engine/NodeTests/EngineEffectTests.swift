// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import Testing

@Suite("The effects of an engine")
struct EngineEffectTests {
    let store = TrickyStore(MemoryStore())
    let channel = ChannelID.numbered(1)

    @Test func `are handed out only when they are stored`() async throws {
        let engine = ChannelEngine<Till>(store: store)
        store.door.close()
        let task = Task.immediate { [channel] in
            try await engine.apply(.rang(3, bells: 2), to: channel, opening: Till())
        }
        await store.door.untilWaiting(1)
        #expect(try await store.allPendingEffects().isEmpty)
        store.door.open()
        let handed = try await task.value.effects
        #expect(handed.map(\.effect) == [.ring(30), .ring(31)])
        let pending = try await store.allPendingEffects()
        #expect(pending.map(\.id) == handed.map(\.id))
        #expect(pending.map(\.channel) == [channel, channel])
    }

    @Test(arguments: StoreKind.allCases)
    func `wait until they are acknowledged, across a restart`(kind: StoreKind) async throws {
        try await kind.withStore { store in
            let other = ChannelID.numbered(2)
            do {
                let engine = ChannelEngine<Till>(store: store)
                let first = try await engine.apply(.rang(3, bells: 2), to: channel, opening: Till()).effects
                _ = try await engine.apply(.rang(4, bells: 1), to: other, opening: Till())
                try await engine.acknowledge(#require(first.first).id)
            }
            let engine = ChannelEngine<Till>(store: store)
            let unfinished = try await engine.unfinishedEffects(after: nil, limit: 10)
            #expect(unfinished.map(\.channel) == [channel, other])
            #expect(unfinished.map(\.effect.effect) == [.ring(31), .ring(40)])
            // A page begins behind the one before it.
            let oldest = try #require(unfinished.first).effect.id
            let page = try await engine.unfinishedEffects(after: oldest, limit: 1)
            #expect(page.map(\.effect.effect) == [.ring(40)])
            for entry in unfinished {
                try await engine.acknowledge(entry.effect.id)
                try await engine.acknowledge(entry.effect.id)
            }
            #expect(try await engine.unfinishedEffects(after: nil, limit: 10).isEmpty)
        }
    }

    @Test func `are an error when they cannot be read, not passed over`() async throws {
        let commit = ChannelCommit(channel: channel, scheme: Till.schemeName, state: Till().stored, effects: [[1, 2]])
        _ = try await store.commit(commit, over: nil)
        let engine = ChannelEngine<Till>(store: store)
        await #expect(throws: StoredFormError.damaged) { try await engine.unfinishedEffects(after: nil, limit: 10) }
    }

    @Test(arguments: [false, true])
    func `are those of the scheme's own channels, whether or not all are in memory`(loadsAll: Bool) async throws {
        let foreign = ChannelID.numbered(2)
        _ = try await store.commit(
            ChannelCommit(channel: foreign, scheme: "other", state: [1], effects: [[1], [2]]), over: nil)
        do {
            let engine = ChannelEngine<Till>(store: store)
            _ = try await engine.apply(.rang(3, bells: 1), to: channel, opening: Till())
        }
        let engine = ChannelEngine<Till>(store: store)
        if loadsAll { try await engine.loadAll() }
        let unfinished = try await engine.unfinishedEffects(after: nil, limit: 10)
        #expect(unfinished.map(\.channel) == [channel])
        #expect(unfinished.map(\.effect.effect) == [.ring(30)])
        // One that opens after the others were loaded is known too.
        let late = ChannelID.numbered(3)
        _ = try await engine.apply(.rang(4, bells: 1), to: late, opening: Till())
        let all = try await engine.unfinishedEffects(after: nil, limit: 10)
        #expect(all.map(\.channel) == [channel, late])
    }
}

@Suite("The memory of an engine")
struct EngineMemoryTests {
    @Test func `does not grow with channels that come and go without being stored`() async throws {
        let store = TrickyStore(MemoryStore())
        let engine = ChannelEngine<Till>(store: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<10 {
                group.addTask {
                    for number in 0..<10_000 {
                        let id = ChannelID.numbered(worker * 10_000 + number)
                        _ = try await engine.apply(.held, to: id, opening: Till())
                        _ = try await engine.apply(.letGo, to: id)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await engine.forgetsAll())
        #expect(store.commits.isEmpty)
    }

    @Test func `keeps a channel that holds something back, and forgets it afterwards`() async throws {
        let engine = ChannelEngine<Till>(store: MemoryStore())
        let id = ChannelID.numbered(1)
        _ = try await engine.apply(.held, to: id, opening: Till())
        #expect(engine.channelsInMemory == 1)
        await #expect(throws: Till.Refusal.alreadyHeld) { try await engine.apply(.held, to: id, opening: Till()) }
        #expect(engine.channelsInMemory == 1)
        _ = try await engine.apply(.letGo, to: id)
        #expect(await engine.forgetsAll())
        #expect(try await engine.state(of: id) == nil)
    }

    @Test func `does not grow when somebody asks for channels that are not there`() async throws {
        let engine = ChannelEngine<Till>(store: MemoryStore())
        for number in 0..<1000 {
            #expect(try await engine.state(of: .numbered(number)) == nil)
            _ = try? await engine.apply(.added(1), to: .numbered(number))
            _ = try? await engine.apply(.letGo, to: .numbered(number), opening: Till())
        }
        #expect(await engine.forgetsAll())
    }
}
