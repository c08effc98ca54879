// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("Looking at a journal store that another writes")
struct JournalViewerTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    @Test func `shows each commit once it is answered, and writes nothing`() async throws {
        let writer = try JournalStore(path: path, options: .patient)
        let viewer = try JournalStore(path: path, mode: .readOnly)
        #expect(try await viewer.channels(after: nil, limit: 10).isEmpty)
        let ids = try await writer.commit(commit(1, [1], effects: [[7], [8]]), over: nil)
        try await writer.setBookmark("log", to: 5)
        #expect(try await viewer.load(channel(1))?.state == [1])
        #expect(try await viewer.pendingEffects(after: nil, limit: 10).map(\.id) == ids)
        #expect(try await viewer.bookmark("log") == 5)
        try await writer.acknowledge(ids[0])
        _ = try await writer.commit(commit(1, [2]), over: Version(number: 1))
        _ = try await writer.commit(commit(0, [3]), over: nil)
        #expect(try await viewer.channels(after: nil, limit: 10).map(\.record.state) == [[3], [2]])
        #expect(try await viewer.pendingEffects(after: nil, limit: 10).map(\.id) == [ids[1]])
        #expect(try await viewer.verifyFile() == [])
        let refusal = StoreError.unavailable(reason: "it was opened for reading only")
        await #expect(throws: refusal) { try await viewer.commit(commit(3), over: nil) }
        await #expect(throws: refusal) { try await viewer.acknowledge(1) }
        await #expect(throws: refusal) { try await viewer.setBookmark("log", to: 1) }
        await writer.close()
        #expect(try await viewer.load(channel(1))?.state == [2])
        #expect(try await viewer.pendingEffects(after: nil, limit: 10).map(\.id) == [ids[1]])
    }

    @Test func `is right whenever a fold comes in between`() async throws {
        var options = JournalStore.Options.patient
        options.foldAfter = 1
        options.fillAhead = 4096
        let writer = try JournalStore(path: path, options: options)
        let viewer = try JournalStore(path: path, mode: .readOnly)
        var ids: [PendingEffect.ID] = []
        ids += try await writer.commit(commit(0, [0], effects: [[0]]), over: nil)
        for version in 1..<150 {
            let more = try await writer.commit(
                commit(0, [UInt8(version)], effects: [[UInt8(version)]]), over: Version(number: Int64(version)))
            ids += more
            #expect(try await viewer.load(channel(0))?.state == [UInt8(version)])
            #expect(try await viewer.channels(after: nil, limit: 5).map(\.record.state) == [[UInt8(version)]])
            #expect(try await viewer.pendingEffects(after: nil, limit: 1000).map(\.id) == ids)
            if version.isMultiple(of: 3) { try await writer.acknowledge(ids.removeFirst()) }
            #expect(try await viewer.pendingEffects(after: nil, limit: 1000).map(\.id) == ids)
        }
        #expect(writer.statistics.folds > 10)
    }

    @Test func `keeps a second writer out, and names the first`() async throws {
        let writer = try JournalStore(path: path, options: .patient)
        let inUse = StoreError.inUse(path: path, by: getpid())
        #expect(throws: inUse) { try JournalStore(path: path) }
        #expect(throws: inUse) { try SQLiteStore(path: path) }
        await writer.close()
        #expect(throws: Never.self) { try JournalStore(path: path) }
    }

    @Test func `has files that are for their owner alone`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        _ = try await store.commit(commit(1), over: nil)
        let segment = try #require(try JournalStore.segmentPaths(ofStore: path).first)
        let attributes = try FileManager.default.attributesOfItem(atPath: segment)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
}
