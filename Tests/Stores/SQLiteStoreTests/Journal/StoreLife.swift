// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore
import Synchronization
import Testing

/// The life of a store under power cuts, beside a record of what it answered.
///
/// Whatever was answered must be there after each cut; what was under way may be there, whole, or not.
struct StoreLife {
    private struct Known {
        /// What was answered last.
        var record: ChannelRecord?
        /// What was handed in and never answered.
        var doubtful: ChannelCommit?
    }

    private let path: String
    private let seed: UInt64
    private let disk = SimulatedDisk()
    private var random: SeededGenerator
    private var store: JournalStore?
    private var channels: [Int: Known] = [:]
    private var effects: [PendingEffect.ID: PendingEffect] = [:]
    private var doubtfulAcknowledgements: Set<PendingEffect.ID> = []
    private var bookmarks: [UInt64?] = [nil]
    private var youngest: PendingEffect.ID = 0
    private(set) var cuts = 0
    private(set) var answered = 0
    private(set) var folds = 0
    private var options = JournalStore.Options()

    init(path: String, seed: UInt64) {
        self.path = path
        self.seed = seed
        random = SeededGenerator(seed: seed)
        options.foldAfter = 48 << 10
        options.fillAhead = 8 << 10
        options.largestSegment = 32 << 10
        options.rowsInTransaction = 2
        options.foldWhenIdle = .seconds(1000)
    }

    /// Opens the store, works until the power fails, turns it on again, and looks.
    mutating func liveUntilCut() async throws {
        disk.cutPower(afterOperations: .random(in: 0..<60, using: &random))
        do throws(StoreError) {
            store = try JournalStore(path: path, options: options, folder: disk, probe: nil)
            while !disk.isOff { await work() }
        } catch {
            #expect(disk.isOff, "\(error) at cut \(cuts) of seed \(seed)")
        }
        folds += store?.statistics.folds ?? 0
        store = nil
        cuts += 1
        if Bool.random(using: &random) { disk.turnOn() } else { disk.turnOnAfterLoss(&random) }
        let opened = try JournalStore(path: path, options: options, folder: disk, probe: nil)
        try await look(at: opened)
        if Int.random(in: 0..<8, using: &random) == 0 { await opened.close() }
    }

    // MARK: - Working

    /// Hands in some writes of different channels at once, and waits for all.
    private mutating func work() async {
        guard let store else { return }
        let numbers = Set(
            (0..<Int.random(in: 1...5, using: &random)).map { _ in Int.random(in: 0..<12, using: &random) })
        var handedIn: [(number: Int, commit: ChannelCommit, version: Version?)] = []
        for number in numbers.sorted() {
            let commit = randomCommit(number)
            handedIn.append((number, commit, channels[number]?.record?.version))
        }
        let acknowledged = Bool.random(using: &random) ? effects.keys.sorted().randomElement(using: &random) : nil
        let position: UInt64? = Int.random(in: 0..<4, using: &random) == 0 ? random.next() : nil
        for (number, commit, _) in handedIn { channels[number, default: Known()].doubtful = commit }
        if let acknowledged { doubtfulAcknowledgements.insert(acknowledged) }
        if let position { bookmarks.append(position) }

        let commits = handedIn
        async let others: (Bool, Bool) = Self.others(store, acknowledged, position)
        let results = await withTaskGroup(of: (Int, Result<[PendingEffect.ID], StoreError>).self) { group in
            for (index, entry) in commits.enumerated() {
                group.addTask {
                    do throws(StoreError) {
                        return (index, .success(try await store.commit(entry.commit, over: entry.version)))
                    } catch { return (index, .failure(error)) }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let (isAcknowledged, isSet) = await others
        for (index, entry) in commits.enumerated() {
            switch results[index] {
            case .success(let ids)?: take(entry.commit, over: entry.version, on: entry.number, ids)
            case .failure(let error)?:
                #expect(disk.isOff, "\(error) at cut \(cuts) of seed \(seed)")
            case nil: Issue.record("a commit was never answered")
            }
        }
        if let acknowledged, isAcknowledged {
            effects[acknowledged] = nil
            doubtfulAcknowledgements.remove(acknowledged)
        }
        if isSet, let position { bookmarks = [position] }
    }

    private static func others(
        _ store: JournalStore, _ effect: PendingEffect.ID?, _ position: UInt64?
    ) async -> (Bool, Bool) {
        var (isAcknowledged, isSet) = (false, false)
        if let effect { isAcknowledged = (try? await store.acknowledge(effect)) != nil }
        if let position { isSet = (try? await store.setBookmark("log", to: position)) != nil }
        return (isAcknowledged, isSet)
    }

    private mutating func take(
        _ commit: ChannelCommit, over version: Version?, on number: Int, _ ids: [PendingEffect.ID]
    ) {
        answered += 1
        channels[number] = Known(record: Self.record(commit, over: version))
        #expect(ids.count == commit.effects.count)
        for (id, body) in zip(ids, commit.effects) {
            #expect(effects[id] == nil && id > 0, "a name was given twice at cut \(cuts) of seed \(seed)")
            effects[id] = PendingEffect(id: id, channel: commit.channel, body: body)
            youngest = max(youngest, id)
        }
    }

    private static func record(_ commit: ChannelCommit, over version: Version?) -> ChannelRecord {
        ChannelRecord(scheme: commit.scheme, state: commit.state, version: version?.next ?? Version(number: 1))
    }

    private mutating func randomCommit(_ number: Int) -> ChannelCommit {
        func bytes(_ most: Int) -> [UInt8] {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        }
        let size = Int.random(in: 0..<10, using: &random) == 0 ? 12_000 : 400
        let count = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 0
        return ChannelCommit(
            channel: channel(number), scheme: "test", state: bytes(size), effects: (0..<count).map { _ in bytes(50) })
    }

    // MARK: - Looking

    /// Compares what is there with what was answered, and takes over what turned out to be there.
    private mutating func look(at store: JournalStore) async throws {
        let place = "cut \(cuts) of seed \(seed)"
        let pending = try await store.pendingEffects(after: nil, limit: 10_000)
        #expect(
            pending.map(\.id) == pending.map(\.id).sorted() && Set(pending.map(\.id)).count == pending.count, "\(place)"
        )
        var left = pending.filter { effects[$0.id] == nil }
        for number in channels.keys.sorted() {
            let found = try await store.load(channel(number))
            guard let known = channels[number] else { continue }
            let version = known.record?.version
            if let doubtful = known.doubtful, found == Self.record(doubtful, over: version) {
                // It is there although nobody was told, and so are its effects, once each and in their order.
                let own = left.filter { $0.channel == channel(number) }
                #expect(own.map(\.body) == doubtful.effects, "\(place)")
                #expect(own.allSatisfy { $0.id > 0 }, "\(place)")
                left.removeAll { $0.channel == channel(number) }
                for effect in own { effects[effect.id] = effect }
            } else {
                #expect(found == known.record, "channel \(number) at \(place)")
            }
            channels[number] = Known(record: found)
        }
        #expect(left.isEmpty, "effects of nobody at \(place)")
        for (id, effect) in effects.sorted(by: { $0.key < $1.key }) {
            if let found = pending.first(where: { $0.id == id }) {
                #expect(found == effect, "\(place)")
            } else {
                #expect(doubtfulAcknowledgements.contains(id), "effect \(id) is lost at \(place)")
                effects[id] = nil
            }
        }
        doubtfulAcknowledgements = []
        let position = try await store.bookmark("log")
        #expect(bookmarks.contains(position), "\(place)")
        bookmarks = [position]
        let listed = try await store.channels(after: nil, limit: 1000)
        #expect(
            listed.map(\.id) == channels.filter { $0.value.record != nil }.keys.sorted().map { channel($0) }, "\(place)"
        )
        for entry in listed { #expect(try await store.load(entry.id) == entry.record, "\(place)") }
    }
}
