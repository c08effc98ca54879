// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import Testing

@Suite("An engine under load")
struct EngineTurnTests {
    typealias Applied = ChannelEngine<Till>.Applied

    let store = TrickyStore(MemoryStore())
    let channel = ChannelID.numbered(1)
    let engine: ChannelEngine<Till>

    init() { engine = ChannelEngine(store: store) }

    /// Starts a call and returns when the engine has the event.
    private func start(_ event: Till.Event, on id: ChannelID? = nil) -> Task<Applied, any Error> {
        let id = id ?? channel
        return Task.immediate { [engine] in try await engine.apply(event, to: id, opening: Till()) }
    }

    @Test func `applies what arrives during a commit in its order, and commits it together`() async throws {
        store.door.close()
        let first = start(.added(1))
        await store.door.untilWaiting(1)
        let others = (2...50).map { start(.added(UInt64($0))) }
        store.door.open()
        var expected = Till()
        for (number, task) in ([first] + others).enumerated() {
            _ = try expected.apply(.added(UInt64(number + 1)))
            // Each is told how the channel was after its own event.
            #expect(try await task.value.state == expected)
        }
        #expect(try await store.till(channel) == expected)
        #expect(store.commits.count == 2)
    }

    @Test func `commits what came together once, and refuses of it only what must be refused`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        let before = store.commits.count
        let (told, teller) = AsyncStream.makeStream(of: (Int, UInt64?).self)
        let events: [Till.Event] = [.added(2), .added(Till.limit + 1), .added(3), .letGo, .added(4)]
        engine.submit(
            events.enumerated().map { number, event in
                (event, { teller.yield((number, try? $0.get().state.total)) })
            }, to: channel)
        var totals: [Int: UInt64?] = [:]
        for await (number, total) in told.prefix(events.count) { totals[number] = total }
        #expect(totals == [0: 3, 1: nil, 2: 6, 3: nil, 4: 10])
        #expect(store.commits.count == before + 1)
        #expect(engine.knownState(of: channel)?.total == 10)
    }

    @Test func `a refusal in the middle of a turn stops none of the others`() async throws {
        store.door.close()
        let first = start(.added(1))
        await store.door.untilWaiting(1)
        let before = start(.added(2))
        let refused = start(.added(1001))
        let after = start(.rang(3, bells: 1))
        // A refusal waits for no disk.
        store.door.open()
        await #expect(throws: Till.Refusal.tooMuch(1001)) { try await refused.value }
        #expect(try await first.value.state.total == 1)
        #expect(try await before.value.state.total == 3)
        let applied = try await after.value
        #expect(applied.state.total == 6)
        #expect(applied.effects.map(\.effect) == [.ring(30)])
        #expect(store.commits.count == 2)
    }

    @Test func `hands each event its own effects when several are committed together`() async throws {
        store.door.close()
        let first = start(.added(1))
        await store.door.untilWaiting(1)
        let many = start(.rang(5, bells: 3))
        let none = start(.added(6))
        let one = start(.rang(7, bells: 1))
        store.door.open()
        _ = try await first.value
        #expect(try await many.value.effects.map(\.effect) == [.ring(50), .ring(51), .ring(52)])
        #expect(try await none.value.effects.isEmpty)
        let last = try await one.value.effects
        #expect(last.map(\.effect) == [.ring(70)])
        #expect(try await store.allPendingEffects().last?.id == last.first?.id)
    }

    @Test func `runs different channels at once`() async throws {
        store.door.close()
        // More than there are shards, so that some channels share one.
        let tasks = (0..<200).map { start(.added(UInt64($0)), on: .numbered($0)) }
        await store.door.untilWaiting(200)
        store.door.open()
        for (number, task) in tasks.enumerated() { #expect(try await task.value.state.total == UInt64(number)) }
    }

    @Test func `shows the stored channel, not the one that is being committed`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        store.door.close()
        let task = start(.added(2))
        await store.door.untilWaiting(1)
        #expect(try await engine.state(of: channel)?.total == 1)
        store.door.open()
        _ = try await task.value
        #expect(try await engine.state(of: channel)?.total == 3)
    }

    @Test(arguments: StoreKind.allCases)
    func `writes far less often than it is asked to`(kind: StoreKind) async throws {
        try await kind.withStore { inner in
            let store = TrickyStore(inner)
            let engine = ChannelEngine<Till>(store: store)
            let channel = channel
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2000 {
                    group.addTask { _ = try await engine.apply(.added(1), to: channel, opening: Till()) }
                }
                try await group.waitForAll()
            }
            #expect(try await store.till(channel)?.total == 2000)
            if kind == .sqlite { #expect(store.commits.count < 1000) }
        }
    }

    // MARK: - Callers that give up

    @Test func `carries out an event whose caller was cancelled, once`() async throws {
        store.door.close()
        let first = start(.rang(1, bells: 1))
        await store.door.untilWaiting(1)
        let second = start(.added(2))
        let third = start(.added(4))
        first.cancel()
        second.cancel()
        store.door.open()
        // A cancelled caller still hears what came of it, so that it can put things right.
        #expect(try await first.value.state.total == 1)
        #expect(try await second.value.state.total == 3)
        #expect(try await third.value.state.total == 7)
        #expect(try await store.till(channel)?.count == 3)
        #expect(try await store.allPendingEffects().count == 1)
    }

    @Test func `carries out what a cancelled task asks for`() async throws {
        let task = Task { [engine, channel] in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await engine.apply(.added(5), to: channel, opening: Till())
        }
        #expect(try await task.value.state.total == 5)
        #expect(try await store.till(channel)?.total == 5)
    }
}
