// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("Folding a journal into its file")
struct JournalFoldTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    private var segments: [String] { (try? JournalStore.segmentPaths(ofStore: path)) ?? [] }

    @Test func `writes each channel once, however often it was paid into`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        for version in 0..<100 {
            for number in 0..<3 {
                let expected = version == 0 ? nil : Version(number: Int64(version))
                _ = try await store.commit(commit(number, [UInt8(version)]), over: expected)
            }
        }
        #expect(store.statistics.commits == 300)
        #expect(store.statistics.folds == 0)
        #expect(segments.count == 1)
        await store.close()
        let statistics = store.statistics
        #expect((statistics.folds, statistics.foldedChannels, statistics.foldTransactions) == (1, 3, 2))
        #expect(segments.isEmpty)
        let file = try SQLiteStore(path: path)
        #expect(try await file.channels(after: nil, limit: 10).map(\.record.version.number) == [100, 100, 100])
        #expect(try await file.channels(after: nil, limit: 10).map(\.record.state) == [[99], [99], [99]])
    }

    @Test func `asks the file for a channel's version once, and for no other commit`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        for version in 0..<50 {
            _ = try await store.commit(commit(1), over: version == 0 ? nil : Version(number: Int64(version)))
        }
        #expect(store.statistics.lookups == 1)
        await store.close()
        let again = try JournalStore(path: path, options: .patient)
        _ = try await again.channels(after: nil, limit: 10)
        _ = try await again.commit(commit(1), over: Version(number: 50))
        #expect(again.statistics.lookups == 0, "a channel that was listed is known")
    }

    @Test func `writes no effect that was acknowledged before, and gives its name to no other`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        let ids = try await store.commit(commit(1, effects: [[1], [2], [3]]), over: nil)
        for id in ids { try await store.acknowledge(id) }
        await store.close()
        #expect(store.statistics.foldedEffects == 0)
        let file = try SQLiteStore(path: path)
        let younger = try await file.commit(commit(2, effects: [[4]]), over: nil)
        #expect(younger == [4])
        await file.close()
        let again = try JournalStore(path: path, options: .patient)
        #expect(try await again.commit(commit(3, effects: [[5]]), over: nil) == [5])
        try await again.acknowledge(4)
        #expect(try await again.pendingEffects(after: nil, limit: 10).map(\.id) == [5])
        await again.close()
        #expect(try await SQLiteStore(path: path).pendingEffects(after: nil, limit: 10).map(\.id) == [5])
    }

    @Test func `begins when the journal has grown, and lets commits go on`() async throws {
        var options = JournalStore.Options.patient
        options.foldAfter = 40 << 10
        options.fillAhead = 4096
        let store = try JournalStore(path: path, options: options)
        for version in 0..<100 {
            _ = try await store.commit(commit(1), over: version == 0 ? nil : Version(number: Int64(version)))
        }
        while store.statistics.folds < 5 {
            let version = try #require(try await store.load(channel(1))).version
            _ = try await store.commit(commit(1), over: version)
        }
        #expect(store.statistics.foldFailures == 0)
        #expect(segments.count <= 3)
    }

    @Test func `begins when nothing was committed for a while`() async throws {
        var options = JournalStore.Options.patient
        options.foldWhenIdle = .zero
        let store = try JournalStore(path: path, options: options)
        _ = try await store.commit(commit(1), over: nil)
        while store.statistics.folds == 0 { await Task.yield() }
        while !segments.isEmpty { await Task.yield() }
        #expect(try await store.load(channel(1))?.state == [1])
    }

    @Test func `takes a store without a journal as it is, and leaves one`() async throws {
        let old = try SQLiteStore(path: path)
        let ids = try await old.commit(commit(1, [7], effects: [[8]]), over: nil)
        try await old.setBookmark("log", to: 9)
        await old.close()
        let store = try JournalStore(path: path, mode: .readWriteExisting)
        #expect(try await store.load(channel(1))?.state == [7])
        #expect(try await store.pendingEffects(after: nil, limit: 10).map(\.id) == ids)
        #expect(try await store.bookmark("log") == 9)
        await #expect(throws: StoreError.conflict(stored: Version(number: 1))) {
            try await store.commit(commit(1), over: nil)
        }
        _ = try await store.commit(commit(1, [8]), over: Version(number: 1))
        await store.close()
        let after = try SQLiteStore(path: path)
        #expect(try await after.load(channel(1))?.version == Version(number: 2))
        _ = try await after.commit(commit(1, [9]), over: Version(number: 2))
        await after.close()
        #expect(try await JournalStore(path: path).load(channel(1))?.version == Version(number: 3))
    }

    @Test func `is not passed over: the file alone is refused while it is behind`() async throws {
        do {
            let store = try JournalStore(path: path, options: .patient)
            _ = try await store.commit(commit(1), over: nil)
        }
        #expect(segments.count == 1)
        let refusal = #expect(throws: StoreError.self) { try SQLiteStore(path: path) }
        #expect(refusal?.code == "store.unavailable")
        #expect(try await JournalStore(path: path).load(channel(1))?.state == [1])
    }
}
