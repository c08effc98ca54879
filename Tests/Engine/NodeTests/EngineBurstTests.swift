// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import FarthingMemoryStore
import FarthingNode
import FarthingPrimitives
import Synchronization
import Testing

/// Events that are handed in by several threads and answered by a call, not to a task that waits.
@Suite("An engine that is handed events in a burst", .timeLimit(.minutes(2)))
struct EngineBurstTests {
    static let channels = 50
    static let events = 10_000
    static let threads = 4

    /// What came of each event.
    final class Answers: Sendable {
        struct Contents {
            var times: [Int]
            var missing: Int
            var states: [ChannelID: [UInt64: UInt64]] = [:]
            var held: [ChannelID: Int] = [:]
            var effects: [PendingEffect.ID] = []
            var doubled = 0
            var refused = 0
            var failed = 0
            var waiter: CheckedContinuation<Void, Never>?
        }

        private let contents: Mutex<Contents>

        init(_ count: Int) { contents = Mutex(Contents(times: Array(repeating: 0, count: count), missing: count)) }

        var all: Contents { contents.withLock { $0 } }

        func note(_ number: Int, _ event: Till.Event, of id: ChannelID, _ result: ResultOfEvent) {
            let waiter: CheckedContinuation<Void, Never>? = contents.withLock { contents in
                contents.times[number] += 1
                switch result {
                case .success(let applied): contents.note(event, of: id, applied)
                case .failure(is Till.Refusal): contents.refused += 1
                case .failure: contents.failed += 1
                }
                guard contents.times[number] == 1 else { return nil }
                contents.missing -= 1
                guard contents.missing == 0 else { return nil }
                defer { contents.waiter = nil }
                return contents.waiter
            }
            waiter?.resume()
        }

        /// Waits until each event was answered.
        func arrive() async {
            await withCheckedContinuation { continuation in
                let isDone = contents.withLock { contents in
                    if contents.missing > 0 { contents.waiter = continuation }
                    return contents.missing == 0
                }
                if isDone { continuation.resume() }
            }
        }
    }

    typealias ResultOfEvent = Result<ChannelEngine<Till>.Applied, any Error>

    @Test(arguments: [1, 2, 3, 4] as [UInt64], [true, false])
    func `answers each once, and is what came of those that succeeded`(seed: UInt64, conflicts: Bool) async throws {
        let moods: [FickleStore.Mood] =
            [.atOnce, .atOnce, .atOnce, .later, .later, .failedAtOnce, .failedLater] + (conflicts ? [.conflict] : [])
        let store = FickleStore(seed: seed, moods: moods)
        let engine = ChannelEngine<Till>(store: store)
        let answers = Answers(Self.events)
        DispatchQueue.concurrentPerform(iterations: Self.threads) { thread in
            var random = SeededGenerator(seed: seed &* 1000 &+ UInt64(thread))
            var id = ChannelID.numbered(0)
            var together: [(event: Till.Event, answer: ChannelEngine<Till>.Answer)] = []
            for number in stride(from: thread, to: Self.events, by: Self.threads) {
                if together.isEmpty { id = .numbered(.random(in: 0..<Self.channels, using: &random)) }
                let (event, channel) = (Self.event(using: &random), id)
                let answer: ChannelEngine<Till>.Answer = { answers.note(number, event, of: channel, $0) }
                // Some come alone, and others a few at a time.
                if together.isEmpty, Bool.random(using: &random) {
                    engine.submit(event, to: id, opening: Till(), answer: answer)
                    continue
                }
                together.append((event, answer))
                guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
                engine.submit(together, to: id)
                together = []
            }
            engine.submit(together, to: id)
        }
        await answers.arrive()
        // Nothing is under way any more, so a second answer would have come by now, or comes with this.
        for number in 0..<Self.channels { _ = try? await engine.apply(.letGo, to: .numbered(number)) }
        let all = answers.all
        #expect(all.times.allSatisfy { $0 == 1 }, "seed \(seed)")
        #expect(all.doubled == 0, "seed \(seed): two events made a channel what it is")
        try await compare(all, engine, store, seed: seed)
        #expect(all.refused > 0 && all.failed > 0 && store.seen == Set(moods))
        if !conflicts { #expect(all.held.values.allSatisfy { (0...1).contains($0) }, "seed \(seed)") }
    }

    private static func event(using random: inout SeededGenerator) -> Till.Event {
        let amount = UInt64.random(in: 1...1020, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return .held
        case 1: return .letGo
        case 2: return .rang(amount, bells: Int.random(in: 1...2, using: &random))
        default: return .added(amount)
        }
    }

    private func compare(
        _ all: Answers.Contents, _ engine: ChannelEngine<Till>, _ store: FickleStore, seed: UInt64
    ) async throws {
        for number in 0..<Self.channels {
            let id = ChannelID.numbered(number)
            let sums = all.states[id] ?? [:]
            var expected = Till()
            for count in (0..<UInt64(sums.count)).map({ $0 + 1 }) {
                let amount = try #require(sums[count], "seed \(seed): event \(count) of \(id) is missing")
                _ = try expected.apply(.added(amount))
            }
            #expect(try await store.inner.till(id) == (sums.isEmpty ? nil : expected), "seed \(seed)")
            if let known = engine.knownState(of: id) { #expect(known.stored == expected.stored, "seed \(seed)") }
        }
        #expect(Set(all.effects).count == all.effects.count, "seed \(seed)")
        #expect(try await store.allPendingEffects().map(\.id) == all.effects.sorted(), "seed \(seed)")
    }

    // MARK: - Answers that hand in more

    private static let depth = 50_000

    @Test(
        arguments: [[.atOnce], [.failedAtOnce], [.atOnce, .failedAtOnce], [.atOnce, .later]] as [[FickleStore.Mood]])
    func `goes on without end when each answer hands in the next event`(moods: [FickleStore.Mood]) async throws {
        let engine = ChannelEngine<Till>(store: FickleStore(seed: 5, moods: moods))
        let told = Mutex(0)
        let id = ChannelID.numbered(1)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            @Sendable func next(_ number: Int) {
                guard number < Self.depth else { return continuation.resume() }
                // Some are committed, some refused, some change nothing that is stored.
                let event: Till.Event = [.added(1), .added(Till.limit + 1), .held, .letGo][number % 4]
                engine.submit(event, to: id, opening: Till()) { _ in
                    told.withLock { $0 += 1 }
                    next(number + 1)
                }
            }
            next(0)
        }
        #expect(told.withLock { $0 } == Self.depth)
    }

    @Test func `answers all that waited for a commit, one turn after the other`() async throws {
        let engine = ChannelEngine<Till>(store: MemoryStore())
        let answers = Answers(Self.depth)
        let id = ChannelID.numbered(1)
        engine.submit(.added(1), to: id, opening: Till()) { result in
            answers.note(0, .added(1), of: id, result)
            for number in 1..<Self.depth {
                engine.submit(.added(1), to: id) { answers.note(number, .added(1), of: id, $0) }
            }
        }
        await answers.arrive()
        #expect(engine.knownState(of: id)?.count == UInt64(Self.depth))
        #expect(answers.all.doubled == 0)
    }
}

extension EngineBurstTests.Answers.Contents {
    fileprivate mutating func note(_ event: Till.Event, of id: ChannelID, _ applied: ChannelEngine<Till>.Applied) {
        effects += applied.effects.map(\.id)
        switch event {
        case .added(let amount), .rang(let amount, _):
            if states[id, default: [:]].updateValue(amount, forKey: applied.state.count) != nil { doubled += 1 }
        case .held: held[id, default: 0] += 1
        case .letGo: held[id, default: 0] -= 1
        }
    }
}
