// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("A journal store on a disk in trouble")
struct JournalTroubleTests {
    private let folder: TemporaryFolder
    private let path: String
    private let disk = SimulatedDisk()

    init() throws {
        folder = try TemporaryFolder()
        path = folder.newPath()
    }

    private func open() throws -> JournalStore {
        var options = JournalStore.Options.patient
        options.fillAhead = 4096
        return try JournalStore(path: path, options: options, folder: disk, probe: nil)
    }

    /// - Returns: The code of the refusal.
    private func refusal(of commit: ChannelCommit, over expected: Version?, by store: JournalStore) async -> String? {
        do throws(StoreError) {
            _ = try await store.commit(commit, over: expected)
            return nil
        } catch { return error.code }
    }

    @Test(arguments: [SimulatedDisk.Fault.full, .syncFailed])
    func `refuses what cannot be written, and goes on when it can`(fault: SimulatedDisk.Fault) async throws {
        let store = try open()
        _ = try await store.commit(commit(1, [1], effects: [[1]]), over: nil)
        let code = fault == .full ? "store.full" : "store.unavailable"
        for _ in 0..<3 {
            disk.set([fault])
            #expect(await refusal(of: commit(1, [9]), over: Version(number: 1), by: store) == code)
            disk.set([fault])
            #expect(await refusal(of: commit(2, [9]), over: nil, by: store) == code)
        }
        disk.set([fault])
        await #expect(throws: StoreError.self) { try await store.acknowledge(1) }
        #expect(try await store.load(channel(1))?.state == [1])
        #expect(try await store.load(channel(2)) == nil)
        #expect(store.statistics.failures == 7)
        disk.set([fault])
        #expect(await store.writeFault()?.code == code)

        disk.set([])
        #expect(await store.writeFault() == nil, "another write was tried")
        _ = try await store.commit(commit(1, [2]), over: Version(number: 1))
        _ = try await store.commit(commit(2, [3]), over: nil)
        try await look(at: store)
        await store.close()
        try await look(at: try open())
    }

    private func look(at store: JournalStore) async throws {
        #expect(try await store.channels(after: nil, limit: 10).map(\.record.state) == [[2], [3]])
        #expect(try await store.pendingEffects(after: nil, limit: 10).map(\.id) == [1])
        #expect(try await store.load(channel(1))?.version == Version(number: 2))
    }

    @Test func `refuses everything once a failed write cannot be taken back`() async throws {
        do {
            let store = try open()
            _ = try await store.commit(commit(1, [1]), over: nil)
            disk.set([.syncFailed, .truncateFailed])
            #expect(await refusal(of: commit(1, [2]), over: Version(number: 1), by: store) == "store.unavailable")
            disk.set([])
            #expect(await refusal(of: commit(1, [3]), over: Version(number: 1), by: store) == "store.unavailable")
            #expect(await refusal(of: commit(5), over: nil, by: store) == "store.unavailable")
            #expect(await store.writeFault()?.message.contains("restart the node") == true, "and it stays so")
            #expect(try await store.load(channel(1))?.state == [1])
        }
        let store = try open()
        let record = try #require(try await store.load(channel(1)))
        #expect([1, 2].contains(record.version.number), "what could not be taken back may be there")
        _ = try await store.commit(commit(1, [4]), over: record.version)
    }

    @Test func `keeps the journal when the file cannot take it`() async throws {
        let store = try open()
        _ = try await store.commit(commit(1, [1]), over: nil)
        #expect(await store.writeFault() == nil)
        await store.close()
        #expect(store.foldFault == nil && store.journalBytes == 0)
        let again = try open()
        #expect(await again.limitPagesOfFile(to: 1))
        for number in 2..<40 {
            _ = try await again.commit(commit(number, [UInt8](repeating: 1, count: 3000)), over: nil)
        }
        await again.close()
        #expect(again.statistics.foldFailures > 0)
        #expect(again.foldFault?.code == "store.full")
        #expect(again.journalBytes > 38 * 3000)
        let last = try open()
        #expect(try await last.channels(after: nil, limit: 100).count == 39)
        await last.close()
        #expect(try await SQLiteStore(path: path).channels(after: nil, limit: 100).count == 39)
    }

    @Test(.enabled(if: getuid() != 0, "an administrator writes into any folder"))
    func `says so when the folder cannot be written`() async throws {
        let store = try JournalStore(path: path, options: .patient)
        try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.url.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.url.path) }
        #expect(await refusal(of: commit(1), over: nil, by: store) == "store.unavailable")
    }

    @Test func `says so when the folder is gone`() async throws {
        let inner = folder.url.appending(path: "inner")
        try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
        let store = try JournalStore(path: inner.appending(path: "a.store").path)
        try FileManager.default.removeItem(at: inner)
        #expect(await refusal(of: commit(1), over: nil, by: store) == "store.unavailable")
    }

    /// Set `FARTHING_SMALL_DISK` to a folder on a small file system to run it.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["FARTHING_SMALL_DISK"] != nil))
    func `survives a disk that is full in truth`() async throws {
        let small = try #require(ProcessInfo.processInfo.environment["FARTHING_SMALL_DISK"])
        let path = small + "/\(UUID().uuidString).store"
        let filler = path + ".filler"
        var options = JournalStore.Options.patient
        options.fillAhead = 64 << 10
        let store = try JournalStore(path: path, options: options)
        var stored = 0
        let body = [UInt8](repeating: 9, count: 10_000)
        while stored < 10 {
            _ = try await store.commit(commit(stored, body, effects: [body]), over: nil)
            stored += 1
        }
        let descriptor = Foundation.open(filler, O_WRONLY | O_CREAT, 0o600)
        try #require(descriptor >= 0)
        while write(descriptor, body, body.count) > 0 {}
        Foundation.close(descriptor)
        while true {
            guard let code = await refusal(of: commit(stored, body, effects: [body]), over: nil, by: store) else {
                stored += 1
                continue
            }
            #expect(code == "store.full")
            break
        }
        #expect(try await store.load(channel(stored)) == nil)
        try FileManager.default.removeItem(atPath: filler)
        _ = try await store.commit(commit(stored, body, effects: [body]), over: nil)
        await store.close()
        let again = try JournalStore(path: path, options: .patient)
        #expect(try await again.verifyFile() == [])
        #expect(try await again.channels(after: nil, limit: 10_000).count == stored + 1)
        #expect(try await again.pendingEffects(after: nil, limit: 10_000).count == stored + 1)
    }
}
