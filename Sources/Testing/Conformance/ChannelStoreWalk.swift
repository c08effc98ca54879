// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
import Testing

/// Goes through a store at random, beside a model that is too simple to be wrong, and compares the two.
///
///     try await ChannelStoreWalk(seed: 7) { old in old ?? MemoryStore() }.run()
///
/// The same seed walks the same way again, so a failure names its seed. Only where commits crowd, their order is
/// the store's own.
public struct ChannelStoreWalk: Sendable {
    private let seed: UInt64
    private let steps: Int
    private let open: @Sendable ((any ChannelStore)?) async throws -> any ChannelStore

    /// - Parameter open: Opens the store; when one is given, that one has to be closed and opened again.
    public init(
        seed: UInt64, steps: Int = 300,
        open: @escaping @Sendable ((any ChannelStore)?) async throws -> any ChannelStore
    ) {
        self.seed = seed
        self.steps = steps
        self.open = open
    }

    public func run() async throws {
        var random = SeededGenerator(seed: seed)
        var model = ChannelStoreModel()
        var store = try await open(nil)
        for step in 0..<steps {
            let place = "step \(step) of seed \(seed)"
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45: try await commit(to: store, &model, &random, place)
            case 45..<60: try await commitStale(to: store, &model, &random, place)
            case 60..<65: try await crowd(into: store, &model, &random, place)
            case 65..<82: try await acknowledge(in: store, &model, &random)
            case 82..<90: try await setBookmark(in: store, &model, &random)
            case 90..<95: store = try await open(store)
            default: try await compare(store, with: model, &random, place)
            }
        }
        try await compare(store, with: model, &random, "the end of seed \(seed)")
        store = try await open(store)
        try await compare(store, with: model, &random, "the end of seed \(seed), opened again")
    }

    // MARK: - Steps

    private func commit(
        to store: any ChannelStore, _ model: inout ChannelStoreModel, _ random: inout SeededGenerator,
        _ place: String
    ) async throws {
        let commit = randomCommit(&random)
        let expected = model.records[commit.channel]?.version
        let ids = try await store.commit(commit, over: expected)
        model.write(commit, effects: ids)
        #expect(try await store.load(commit.channel) == model.records[commit.channel], "\(place)")
    }

    private func commitStale(
        to store: any ChannelStore, _ model: inout ChannelStoreModel, _ random: inout SeededGenerator,
        _ place: String
    ) async throws {
        let commit = randomCommit(&random)
        let stored = model.records[commit.channel]?.version
        var stale = Bool.random(using: &random) ? nil : Version(number: .random(in: 0...40, using: &random))
        if stale == stored { stale = stored?.next ?? Version(number: 1) }
        await #expect(throws: StoreError.conflict(stored: stored), "\(place)") {
            try await store.commit(commit, over: stale)
        }
    }

    private func crowd(
        into store: any ChannelStore, _ model: inout ChannelStoreModel, _ random: inout SeededGenerator,
        _ place: String
    ) async throws {
        let commits = Self.numbers.map { randomCommit(&random, on: $0) }
        let versions = model.records.mapValues(\.version)
        let ids = try await withThrowingTaskGroup(of: (Int, [PendingEffect.ID]).self) { group in
            for (index, commit) in commits.enumerated() {
                let expected = versions[commit.channel]
                group.addTask { (index, try await store.commit(commit, over: expected)) }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(ids.count == commits.count, "\(place)")
        for (index, commit) in commits.enumerated() { model.write(commit, effects: ids[index] ?? []) }
    }

    private func acknowledge(
        in store: any ChannelStore, _ model: inout ChannelStoreModel, _ random: inout SeededGenerator
    ) async throws {
        let known = model.outbox.keys.sorted().randomElement(using: &random)
        let effect = Int.random(in: 0..<5, using: &random) == 0 ? .random(in: 0...60, using: &random) : known ?? 0
        try await store.acknowledge(effect)
        model.outbox[effect] = nil
    }

    private func setBookmark(
        in store: any ChannelStore, _ model: inout ChannelStoreModel, _ random: inout SeededGenerator
    ) async throws {
        let name = Self.names.randomElement(using: &random) ?? ""
        let position = random.next()
        try await store.setBookmark(name, to: position)
        model.bookmarks[name] = position
    }

    // MARK: - Comparing

    private func compare(
        _ store: any ChannelStore, with model: ChannelStoreModel, _ random: inout SeededGenerator,
        _ place: String
    ) async throws {
        let limit = Int.random(in: 1...9, using: &random)
        var channels: [StoredChannel] = []
        while channels.count <= model.records.count {  // a store that repeats itself ends too
            let page = try await store.channels(after: channels.last?.id, limit: limit)
            channels += page
            if page.isEmpty { break }
        }
        #expect(channels == model.channels, "\(place)")
        var effects: [PendingEffect] = []
        while effects.count <= model.outbox.count {
            let page = try await store.pendingEffects(after: effects.last?.id, limit: limit)
            effects += page
            if page.isEmpty { break }
        }
        #expect(effects == model.effects, "\(place)")
        for name in Self.names {
            #expect(try await store.bookmark(name) == model.bookmarks[name], "\(place)")
        }
    }

    // MARK: - Material

    private static let numbers = 1...8
    private static let names = ["chain", "claims", "log"]

    private func randomCommit(_ random: inout SeededGenerator, on number: Int? = nil) -> ChannelCommit {
        let number = number ?? .random(in: Self.numbers, using: &random)
        let effects = Int.random(in: 0...2, using: &random)
        return ChannelCommit(
            channel: ChannelStoreConformance.channel(number), scheme: Bool.random(using: &random) ? "one" : "two",
            state: randomBytes(&random, upTo: 2000),
            effects: (0..<effects).map { _ in randomBytes(&random, upTo: 200) })
    }

    private func randomBytes(_ random: inout SeededGenerator, upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }
}
