// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import Testing

@Suite("An engine whose store fails")
struct EngineFailureTests {
    let store = TrickyStore(MemoryStore())
    let channel = ChannelID.numbered(1)
    let engine: ChannelEngine<Till>

    init() { engine = ChannelEngine(store: store) }

    @Test(arguments: [
        StoreError.full(path: "x"), .unavailable(reason: "gone"), .damaged(path: "x", reason: "y"), .cancelled,
    ])
    func `leaves memory as before when a commit fails, and later events work`(error: StoreError) async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        let before = try await engine.apply(.held, to: channel).state
        store.failNext(error)
        await #expect(throws: error) { try await engine.apply(.rang(2, bells: 1), to: channel) }
        // What was only in memory is still there too.
        #expect(try await engine.state(of: channel) == before)
        #expect(try await store.allPendingEffects().isEmpty)
        let after = try await engine.apply(.rang(4, bells: 1), to: channel)
        #expect(after.state.total == 5)
        #expect(after.state.isHeld)
        #expect(try await store.till(channel)?.total == 5)
        #expect(try await store.allPendingEffects().map(\.id) == after.effects.map(\.id))
    }

    @Test func `fails every event of the turn that could not be committed, and none of the next`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        store.door.close()
        let first = start(.added(2))
        await store.door.untilWaiting(1)
        let turn = [start(.added(4)), start(.added(8))]
        store.failNext(.unavailable(reason: "first"), .unavailable(reason: "second"))
        store.door.open()
        await #expect(throws: StoreError.unavailable(reason: "first")) { try await first.value }
        for task in turn {
            await #expect(throws: StoreError.unavailable(reason: "second")) { try await task.value }
        }
        #expect(try await engine.state(of: channel)?.total == 1)
        #expect(try await engine.apply(.added(16), to: channel).state.total == 17)
    }

    @Test func `does what needs no disk although it was to be committed with what failed`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        _ = try await engine.apply(.held, to: channel)
        store.door.close()
        let first = start(.added(2))
        await store.door.untilWaiting(1)
        let letGo = start(.letGo)
        let failing = start(.added(4))
        let again = start(.held)
        let refused = start(.held)
        store.failNext(.full(path: "x"), .full(path: "x"))
        store.door.open()
        await #expect(throws: StoreError.full(path: "x")) { try await first.value }
        await #expect(throws: StoreError.full(path: "x")) { try await failing.value }
        let (afterLetGo, afterAgain) = try await (letGo.value, again.value)
        // Each is told how the channel is without what could not be stored.
        #expect(!afterLetGo.state.isHeld && afterLetGo.state.total == 1)
        #expect(afterAgain.state.isHeld && afterAgain.state.total == 1)
        await #expect(throws: Till.Refusal.alreadyHeld) { try await refused.value }
        #expect(try await engine.state(of: channel) == afterAgain.state)
        #expect(try await engine.apply(.added(8), to: channel).state.total == 9)
        #expect(try await store.till(channel)?.total == 9)
    }

    @Test func `keeps what was asked of a new channel that could not be stored, and forgets it with that`() async throws
    {
        store.door.close()
        let first = start(.added(1), opening: Till())
        await store.door.untilWaiting(1)
        let failing = start(.added(2), opening: Till())
        let held = start(.held, opening: Till())
        store.failNext(.full(path: "x"), .full(path: "x"))
        store.door.open()
        await #expect(throws: StoreError.full(path: "x")) { try await first.value }
        await #expect(throws: StoreError.full(path: "x")) { try await failing.value }
        let afterHeld = try await held.value.state
        #expect(afterHeld.isHeld && afterHeld.total == 0)
        #expect(try await engine.state(of: channel) == afterHeld)
        #expect(try await store.load(channel) == nil)
        _ = try await engine.apply(.letGo, to: channel)
        #expect(await engine.forgetsAll())
    }

    @Test func `forgets a channel whose first commit failed`() async throws {
        store.failNext(.full(path: "x"))
        await #expect(throws: StoreError.full(path: "x")) {
            try await engine.apply(.added(1), to: channel, opening: Till())
        }
        await #expect(throws: EngineError.unknownChannel(channel)) { try await engine.apply(.added(1), to: channel) }
        #expect(await engine.forgetsAll())
        #expect(try await engine.apply(.added(1), to: channel, opening: Till()).state.total == 1)
    }

    @Test func `fails all that wait when a channel cannot be read, and reads it again for the next`() async throws {
        try await store.inner.addFromElsewhere(5, to: channel)
        store.failNextLoad(.unavailable(reason: "gone"))
        await #expect(throws: StoreError.unavailable(reason: "gone")) {
            try await engine.apply(.added(1), to: channel, opening: Till())
        }
        #expect(try await engine.apply(.added(1), to: channel).state.total == 6)
    }

    // MARK: - Somebody else writes

    @Test func `reads the store again after a conflict, and the next event sees what is there`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        try await store.inner.addFromElsewhere(10, to: channel)
        await #expect(throws: StoreError.conflict(stored: Version(number: 2))) {
            try await engine.apply(.rang(100, bells: 1), to: channel)
        }
        #expect(try await engine.state(of: channel)?.total == 11)
        #expect(try await store.allPendingEffects().isEmpty)
        #expect(try await engine.apply(.added(100), to: channel).state.total == 111)
        #expect(try await store.load(channel)?.version == Version(number: 3))
    }

    @Test func `finds out that somebody else was first with a new channel`() async throws {
        _ = try await engine.apply(.held, to: channel, opening: Till())
        try await store.inner.addFromElsewhere(10, to: channel)
        await #expect(throws: StoreError.conflict(stored: Version(number: 1))) {
            try await engine.apply(.added(1), to: channel, opening: Till())
        }
        let after = try await engine.apply(.added(1), to: channel, opening: Till()).state
        #expect(after.total == 11)
        #expect(!after.isHeld)
    }

    @Test func `events that wait behind a conflict see what is there`() async throws {
        _ = try await engine.apply(.added(1), to: channel, opening: Till())
        store.door.close()
        let stale = start(.added(2))
        await store.door.untilWaiting(1)
        let next = start(.added(4))
        try await store.inner.addFromElsewhere(10, to: channel)
        store.door.open()
        await #expect(throws: StoreError.conflict(stored: Version(number: 2))) { try await stale.value }
        #expect(try await next.value.state.total == 15)
    }

    private func start(_ event: Till.Event, opening: Till? = nil) -> Task<ChannelEngine<Till>.Applied, any Error> {
        Task.immediate { [engine, channel] in try await engine.apply(event, to: channel, opening: opening) }
    }
}
