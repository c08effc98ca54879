// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import Testing

@Suite("The channel engine")
struct ChannelEngineTests {
    let store = TrickyStore(MemoryStore())
    let channel = ChannelID.numbered(1)
    var engine: ChannelEngine<Till> { ChannelEngine(store: store) }

    @Test func `commits one event once, and answers with the channel as it then is`() async throws {
        let engine = engine
        let applied = try await engine.apply(.added(7), to: channel, opening: Till())
        #expect(applied.state.total == 7)
        #expect(applied.effects.isEmpty)
        #expect(store.commits.count == 1)
        #expect(try await store.till(channel) == applied.state)
        #expect(try await engine.state(of: channel) == applied.state)
    }

    @Test func `starts a channel from its opening only while it was never stored`() async throws {
        let engine = engine
        _ = try await engine.apply(.added(7), to: channel, opening: Till())
        #expect(try await engine.apply(.added(1), to: channel, opening: Till()).state.total == 8)
        // After a restart too.
        #expect(try await self.engine.apply(.added(1), to: channel, opening: Till()).state.total == 9)
        #expect(try await store.load(channel)?.version == Version(number: 3))
    }

    @Test func `refuses a channel that was never stored, and keeps nothing of it`() async throws {
        let engine = engine
        await #expect(throws: EngineError.unknownChannel(channel)) {
            try await engine.apply(.added(7), to: channel)
        }
        #expect(try await engine.state(of: channel) == nil)
        #expect(store.commits.isEmpty)
        #expect(await engine.forgetsAll())
    }

    @Test func `passes a refusal on, and leaves memory and store as they were`() async throws {
        let engine = engine
        let before = try await engine.apply(.added(7), to: channel, opening: Till()).state
        await #expect(throws: Till.Refusal.tooMuch(1001)) { try await engine.apply(.added(1001), to: channel) }
        #expect(try await engine.state(of: channel) == before)
        #expect(try await store.till(channel) == before)
        #expect(store.commits.count == 1)
        #expect(try await engine.apply(.added(1), to: channel).state.total == 8)
    }

    @Test func `writes nothing when the first event of a channel is refused`() async throws {
        let engine = engine
        await #expect(throws: Till.Refusal.tooMuch(1001)) {
            try await engine.apply(.added(1001), to: channel, opening: Till())
        }
        #expect(store.commits.isEmpty)
        #expect(await engine.forgetsAll())
    }

    @Test func `writes nothing for an event that changes nothing that is stored`() async throws {
        let engine = engine
        #expect(try await engine.apply(.held, to: channel, opening: Till()).state.isHeld)
        #expect(try await engine.state(of: channel)?.isHeld == true)
        await #expect(throws: Till.Refusal.alreadyHeld) { try await engine.apply(.held, to: channel) }
        #expect(store.commits.isEmpty)
        // What is only in memory goes along when something durable happens, and is gone after a restart.
        #expect(try await engine.apply(.added(7), to: channel).state.isHeld)
        #expect(try await self.engine.state(of: channel)?.isHeld == false)
    }

    @Test func `does not take over a channel of another scheme`() async throws {
        let foreign = ChannelCommit(channel: channel, scheme: "ticket", state: Till().stored)
        _ = try await store.inner.commit(foreign, over: nil)
        let engine = engine
        let error = EngineError.otherScheme(channel, stored: "ticket", asked: "till")
        await #expect(throws: error) { try await engine.apply(.added(7), to: channel, opening: Till()) }
        await #expect(throws: error) { try await engine.state(of: channel) }
        #expect(try await store.load(channel)?.scheme == "ticket")
        #expect(await engine.forgetsAll())
    }

    @Test func `does not touch a record that it cannot read`() async throws {
        let bytes: [UInt8] = [1, 2, 3]
        _ = try await store.inner.commit(
            ChannelCommit(channel: channel, scheme: Till.schemeName, state: bytes), over: nil)
        let engine = engine
        await #expect(throws: StoredFormError.damaged) {
            try await engine.apply(.added(7), to: channel, opening: Till())
        }
        #expect(try await store.load(channel)?.state == bytes)
    }

    @Test func `lists stored channels page after page, and skips those of other schemes`() async throws {
        let engine = engine
        for number in 1...40 {
            let id = ChannelID.numbered(number)
            if (10..<30).contains(number) {
                _ = try await store.inner.commit(
                    ChannelCommit(channel: id, scheme: "ticket", state: [9]), over: nil)
            } else {
                _ = try await engine.apply(.added(UInt64(number)), to: id, opening: Till())
            }
        }
        var last: ChannelID?
        var totals: [UInt64] = []
        while true {
            // A whole page of another scheme is not the end.
            let page = try await engine.channels(after: last, limit: 5)
            guard let end = page.last else { break }
            totals += page.map(\.state.total)
            last = end.id
        }
        #expect(totals.sorted() == (1..<10).map { $0 } + (30...40).map { $0 })
    }
}
