// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("A damaged SQLite store")
struct DamagedFileTests {
    private let folder: TemporaryFolder
    private let path: String
    private let pageSize = 4096

    /// Two hundred channels that fill many pages, and as many effects.
    init() async throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
        let store = try SQLiteStore(path: path)
        let state = [UInt8](repeating: 7, count: 600)
        try await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask { _ = try await store.commit(commit(number, state, effects: [state]), over: nil) }
            }
            try await group.waitForAll()
        }
        #expect(try await store.verifyFile().isEmpty)
        await store.close()
    }

    @Test func `says so when its pages hold nonsense`() async throws {
        let size = try self.size()
        for page in 1..<size / pageSize {
            try overwrite(at: page * pageSize, with: [UInt8](repeating: 0xA5, count: pageSize))
        }
        let store = try SQLiteStore(path: path, mode: .readOnly)
        #expect(await isReported(by: store))
        for number in [0, 100, 199] {
            let refusal = await #expect(throws: StoreError.self) { try await store.load(channel(number)) }
            #expect(refusal?.code == "store.damaged")
        }
        let refusal = await #expect(throws: StoreError.self) {
            try await store.pendingEffects(after: nil, limit: 1000)
        }
        #expect(refusal?.code == "store.damaged")
    }

    @Test func `says so when a single page is gone`() async throws {
        let page = try size() / pageSize / 2
        try overwrite(at: page * pageSize, with: [UInt8](repeating: 0, count: pageSize))
        #expect(await isReported(by: try SQLiteStore(path: path, mode: .readOnly)))
    }

    @Test func `says so when its end is cut off`() async throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: UInt64(size() / 2))
        try file.close()
        for mode in [SQLiteStore.Mode.readOnly, .readWrite] {
            let refusal = #expect(throws: StoreError.self) { try SQLiteStore(path: path, mode: mode) }
            #expect(refusal?.code == "store.damaged")
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `never stops the program, wherever the damage lies`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let offset = Int.random(in: pageSize..<(try size()), using: &random)
            try overwrite(at: offset, with: [UInt8.random(in: 0...255, using: &random)])
        }
        for mode in [SQLiteStore.Mode.readOnly, .readWrite] {
            guard let store = try? SQLiteStore(path: path, mode: mode) else { continue }
            _ = try? await store.verifyFile()
            _ = try? await store.channels(after: nil, limit: 1000)
            _ = try? await store.pendingEffects(after: nil, limit: 1000)
            for number in 0..<20 { _ = try? await store.load(channel(number * 10)) }
            guard mode == .readWrite else { continue }
            for number in 0..<5 { _ = try? await store.commit(commit(number, [1]), over: Version(number: 1)) }
            _ = try? await store.commit(commit(1000, effects: [[1]]), over: nil)
            await store.close()
        }
    }

    private func isReported(by store: SQLiteStore) async -> Bool {
        do {
            return try await !store.verifyFile().isEmpty
        } catch {
            return error.code == "store.damaged"
        }
    }

    private func size() throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.size] as? Int)
    }

    private func overwrite(at offset: Int, with bytes: [UInt8]) throws {
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: bytes)
        try file.close()
    }
}
