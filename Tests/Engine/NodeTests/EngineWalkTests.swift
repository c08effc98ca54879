// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingNode
import FarthingPrimitives
import Synchronization
import Testing

/// Many callers, many channels, a store that fails now and then and that somebody else writes to: whatever was
/// answered must be in the store exactly once, and nothing else.
@Suite("An engine in rough weather")
struct EngineWalkTests {
    static let channels = 100
    static let events = 10_000

    /// What one channel is known to have taken in, by its count after the event.
    struct Books: Sendable {
        var sums: [UInt64: UInt64] = [:]
        var effects: [PendingEffect.ID] = []
        var refusals = 0
        var failures = 0
    }

    /// Decides by a seed which commits fail, and which find that somebody else was faster.
    final class Weather: Sendable {
        private let generator: Mutex<SeededGenerator>
        private let books: Mutex<[ChannelID: Books]>

        init(seed: UInt64, books: [ChannelID: Books]) {
            generator = Mutex(SeededGenerator(seed: seed))
            self.books = Mutex(books)
        }

        func note(_ id: ChannelID, _ change: (inout Books) -> Void) {
            books.withLock { change(&$0[id, default: .init()]) }
        }
        var all: [ChannelID: Books] { books.withLock { $0 } }

        func strike(_ commit: ChannelCommit, _ store: any ChannelStore) async throws(StoreError) {
            switch generator.withLock({ UInt8.random(in: 0..<100, using: &$0) }) {
            case 0..<10: throw .unavailable(reason: "by the seed")
            case 10..<15:
                let amount: UInt64 = 5
                // The engine may be at work on this channel only once at a time, so nothing comes between.
                try await store.addFromElsewhere(amount, to: commit.channel)
                let till = try? await store.till(commit.channel)
                note(commit.channel) { $0.sums[till?.count ?? 0] = amount }
            default: break
            }
        }
    }

    @Test(arguments: StoreKind.allCases, [1, 2, 3] as [UInt64])
    func `loses nothing and does nothing twice`(kind: StoreKind, seed: UInt64) async throws {
        try await kind.withStore { inner in
            let weather = Weather(seed: seed, books: [:])
            let store = TrickyStore(inner) { commit, inner async throws(StoreError) in
                try await weather.strike(commit, inner)
            }
            let engine = ChannelEngine<Till>(store: store)
            await withTaskGroup(of: Void.self) { group in
                var generator = SeededGenerator(seed: seed &+ 1000)
                for _ in 0..<Self.events {
                    let id = ChannelID.numbered(.random(in: 0..<Self.channels, using: &generator))
                    let amount = UInt64.random(in: 1...1020, using: &generator)
                    let bells = Int.random(in: -3...2, using: &generator)
                    let isCancelled = UInt8.random(in: 0..<20, using: &generator) == 0
                    group.addTask {
                        if isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
                        await Self.add(amount, bells: max(0, bells), to: id, of: engine, telling: weather)
                    }
                }
            }
            try await compare(weather.all, engine, store, seed: seed)
        }
    }

    private static func add(
        _ amount: UInt64, bells: Int, to id: ChannelID, of engine: ChannelEngine<Till>, telling weather: Weather
    ) async {
        do {
            let event: Till.Event = bells == 0 ? .added(amount) : .rang(amount, bells: bells)
            let applied = try await engine.apply(event, to: id, opening: Till())
            weather.note(id) { books in
                #expect(books.sums[applied.state.count] == nil, "two events made the channel what it is")
                #expect(applied.effects.count == bells)
                books.sums[applied.state.count] = amount
                books.effects += applied.effects.map(\.id)
            }
        } catch is Till.Refusal {
            weather.note(id) { $0.refusals += 1 }
        } catch {
            weather.note(id) { $0.failures += 1 }
        }
    }

    private func compare(
        _ all: [ChannelID: Books], _ engine: ChannelEngine<Till>, _ store: TrickyStore, seed: UInt64
    ) async throws {
        var handed: [PendingEffect.ID] = []
        for (id, books) in all {
            // All of a channel's events may have been in one commit, and that one failed.
            var expected = books.sums.isEmpty ? nil : Till()
            for count in (0..<UInt64(books.sums.count)).map({ $0 + 1 }) {
                let amount = try #require(books.sums[count], "seed \(seed): event \(count) of \(id) is missing")
                _ = try expected?.apply(.added(amount))
            }
            #expect(try await store.till(id) == expected, "seed \(seed)")
            #expect(try await engine.state(of: id) == expected, "seed \(seed)")
            handed += books.effects
        }
        #expect(Set(handed).count == handed.count, "seed \(seed)")
        #expect(try await store.allPendingEffects().map(\.id) == handed.sorted(), "seed \(seed)")
        // Bad weather there was.
        #expect(all.values.contains { $0.failures > 0 } && all.values.contains { $0.refusals > 0 })
        #expect(store.commits.count < Self.events)
    }
}
