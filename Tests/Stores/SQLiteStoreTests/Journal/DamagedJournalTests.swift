// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("A damaged journal")
struct DamagedJournalTests {
    private let folder: TemporaryFolder
    private let path: String
    private let segment: String
    private let whole: Data
    private static let block = 4096

    /// Three batches of two channels, in a journal that was not folded.
    init() async throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
        do {
            var options = JournalStore.Options.patient
            options.fillAhead = 4096
            let store = try JournalStore(path: path, options: options)
            _ = try await store.commit(commit(1, [1, 1], effects: [[1]]), over: nil)
            _ = try await store.commit(commit(2, [2, 2]), over: nil)
            _ = try await store.commit(commit(1, [3, 3]), over: Version(number: 1))
        }
        segment = try #require(try JournalStore.segmentPaths(ofStore: path).first)
        whole = try Data(contentsOf: URL(filePath: segment))
    }

    private func write(_ bytes: Data) throws { try bytes.write(to: URL(filePath: segment)) }

    private func states() async throws -> [[UInt8]] {
        let store = try JournalStore(path: path, mode: .readOnly)
        let states = try await store.channels(after: nil, limit: 10).map(\.record.state)
        await store.close()
        return states
    }

    @Test func `is not what this suite begins with`() async throws {
        #expect(whole.count >= 4 * Self.block)
        #expect(try await states() == [[3, 3], [2, 2]])
    }

    /// A damaged last batch cannot be told from one that was torn before anybody was told.
    @Test func `is told of, byte for byte, unless only the last batch is hit`() async throws {
        var refused = 0
        for position in 0..<4 * Self.block where position % Self.block < 200 {
            var damaged = whole
            damaged[position] ^= 0x41
            try write(damaged)
            do {
                let states = try await states()
                if position >= 3 * Self.block {
                    #expect(states == [[3, 3], [2, 2]] || states == [[1, 1], [2, 2]], "byte \(position)")
                } else {
                    #expect(states == [[3, 3], [2, 2]], "byte \(position) was passed over")
                }
            } catch let error as StoreError {
                #expect(["store.damaged", "store.newer"].contains(error.code), "byte \(position)")
                #expect(error.message.contains(".journal-"), "byte \(position)")
                refused += 1
            }
        }
        #expect(refused > 250)
    }

    @Test func `names the file and the offset, and is left as it is`() async throws {
        var damaged = whole
        damaged[2 * Self.block + 50] ^= 1
        try write(damaged)
        for mode in [SQLiteStore.Mode.readOnly, .readWrite] {
            let refusal = #expect(throws: StoreError.self) { try JournalStore(path: path, mode: mode) }
            #expect(refusal?.code == "store.damaged")
            #expect(refusal?.message.contains(segment) == true)
            #expect(refusal?.message.contains("\(2 * Self.block)") == true)
        }
        #expect(try Data(contentsOf: URL(filePath: segment)) == damaged)
    }

    @Test func `with a torn end is read up to there, silently`() async throws {
        try write(whole.prefix(3 * Self.block + 40))
        #expect(try await states() == [[1, 1], [2, 2]])
        let store = try JournalStore(path: path, options: .patient)
        _ = try await store.commit(commit(1, [4]), over: Version(number: 1))
        await store.close()
        #expect(try await states() == [[4], [2, 2]])
    }

    @Test func `of a later version is refused as such`() async throws {
        let later = Data(base64Encoded: "RlJUSEpSTkwCAAAA") ?? Data()
        try write(later + whole.dropFirst(later.count))
        // Its header's checksum is of this version, so it cannot be told from damage.
        #expect(throws: StoreError.self) { try JournalStore(path: path) }
    }

    @Test func `of another store is refused`() async throws {
        let other = folder.newPath()
        do {
            let store = try JournalStore(path: other, options: .patient)
            _ = try await store.commit(commit(1), over: nil)
        }
        let foreign = try #require(try JournalStore.segmentPaths(ofStore: other).first)
        try write(try Data(contentsOf: URL(filePath: foreign)))
        let refusal = #expect(throws: StoreError.self) { try JournalStore(path: path) }
        #expect(refusal?.message.contains("another store") == true)
        try write(Data(repeating: 0x20, count: 9000))
        #expect(throws: StoreError.self) { try JournalStore(path: path) }
    }

    @Test func `with a segment missing in the middle is refused`() async throws {
        for _ in 0..<2 {
            let store = try JournalStore(path: path, options: .patient)
            let version = try #require(try await store.load(channel(2))).version
            _ = try await store.commit(commit(2, [9]), over: version)
        }
        let segments = try JournalStore.segmentPaths(ofStore: path)
        #expect(segments.count == 3)
        for missing in segments.dropLast() {
            let bytes = try Data(contentsOf: URL(filePath: missing))
            try FileManager.default.removeItem(atPath: missing)
            let refusal = #expect(throws: StoreError.self) { try JournalStore(path: path) }
            #expect(refusal == .damaged(path: missing, reason: "this segment of the journal is missing"))
            try bytes.write(to: URL(filePath: missing))
        }
        #expect(try await states() == [[3, 3], [9]])
    }
}
