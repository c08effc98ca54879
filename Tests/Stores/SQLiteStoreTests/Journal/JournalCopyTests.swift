// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Synchronization
import Testing

@Suite("A copy of a store that is written to")
struct JournalCopyTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    /// A copy is opened like any store, and has an effect for each version of each channel.
    ///
    /// - Returns: How many versions it holds in all.
    private func lookAtCopy(_ copy: String) async throws -> Int {
        let store = try JournalStore(path: copy, mode: .readWriteExisting)
        var counts: [ChannelID: Int] = [:]
        for effect in try await store.pendingEffects(after: nil, limit: 1_000_000) {
            counts[effect.channel, default: 0] += 1
        }
        var versions = 0
        for channel in try await store.channels(after: nil, limit: 10_000) {
            let version = Int(channel.record.version.number)
            #expect(counts[channel.id] == version, "an effect is missing, or one is too many")
            versions += version
        }
        #expect(try await store.verifyFile() == [])
        await store.close()
        return versions
    }

    @Test func `has the effect of a state that a fold took out of a younger segment`() async throws {
        let copy = folder.newPath()
        let inFold = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: 0)
        let opened = Mutex<JournalStore?>(nil)
        let probe = StoreProbe { step in
            switch step {
            case .foldBegun:
                // The commit comes when the fold has begun and not written its channel yet.
                guard let store = opened.withLock({ $0 }) else { return }
                let committed = DispatchSemaphore(value: 0)
                store.submit(commit(1, [2], effects: [[2]]), over: Version(number: 1)) { _ in
                    committed.signal()
                }
                committed.wait()
            case .rowsWritten:
                inFold.signal()
                goOn.wait()
            default: break
            }
        }
        var options = JournalStore.Options.patient
        options.foldAfter = 1
        let store = try JournalStore(path: path, options: options, probe: probe)
        opened.withLock { $0 = store }
        defer { opened.withLock { $0 = nil } }
        _ = try await store.commit(commit(1, [1], effects: [[1]]), over: nil)
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                inFold.wait()
                continuation.resume()
            }
        }
        let viewer = try JournalStore(path: path, mode: .readOnly)
        let outcome: StoreError?
        do throws(StoreError) {
            try await viewer.copy(to: copy)
            outcome = nil
        } catch { outcome = error }
        goOn.signal()
        goOn.signal()
        #expect(outcome == nil)
        #expect(try await lookAtCopy(copy) == 2)
        // The closing's fold passes the probe too.
        for _ in 0..<10 { goOn.signal() }
        opened.withLock { $0 = nil }
        await store.close()
    }

    @Test func `is whole, whenever it is made while commits and folds go on`() async throws {
        var options = JournalStore.Options.patient
        options.foldAfter = 64 << 10
        options.fillAhead = 4096
        options.rowsInTransaction = 5
        let store = try JournalStore(path: path, options: options)
        for number in 0..<20 { _ = try await store.commit(commit(number, [0], effects: [[0]]), over: nil) }
        let committed = Mutex(20)
        let isDone = Mutex(false)
        let work = Task {
            var version: Int64 = 1
            while !isDone.withLock({ $0 }) {
                for number in 0..<20 {
                    let state = [UInt8](repeating: UInt8(truncatingIfNeeded: version), count: 500)
                    _ = try await store.commit(
                        commit(number, state, effects: [[1]]), over: Version(number: version))
                    committed.withLock { $0 += 1 }
                }
                version += 1
            }
        }
        let viewer = try JournalStore(path: path, mode: .readOnly)
        for _ in 0..<15 {
            let copy = folder.newPath()
            let before = committed.withLock { $0 }
            try await viewer.copy(to: copy)
            let found = try await lookAtCopy(copy)
            #expect(found >= before, "what was committed before the copy is in it")
        }
        isDone.withLock { $0 = true }
        try await work.value
        #expect(store.statistics.folds > 0)
        await store.close()
    }

    @Test func `is readable by its owner alone, and takes nobody's place`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        _ = try await store.commit(commit(1, [1], effects: [[1]]), over: nil)
        let copy = folder.newPath()
        try await store.copy(to: copy)
        for file in [copy] + (try JournalStore.segmentPaths(ofStore: copy)) {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(file)")
        }
        await #expect(throws: StoreError.unavailable(reason: "\(copy) is there already")) {
            try await store.copy(to: copy)
        }
        await #expect(throws: StoreError.self) { try await store.copy(to: folder.url.path + "/nowhere/store") }
        #expect(try await lookAtCopy(copy) == 1)
        await store.close()
        await #expect(throws: StoreError.self) { try await store.copy(to: folder.newPath()) }
    }
}
