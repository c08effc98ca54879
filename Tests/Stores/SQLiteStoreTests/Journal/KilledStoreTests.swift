// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation
import Testing

@Suite("A journal store whose process is killed", .timeLimit(.minutes(5)))
struct KilledStoreTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Three lives on the same files, each ending at the step, and then a look.
    @Test(arguments: StoreProbe.Step.allCases, [1, 2, 5])
    func `has everything that was answered, wherever it died`(step: StoreProbe.Step, number: Int) async throws {
        let path = folder.newPath()
        var versions: [Int: Int64] = [:]
        var effects: Set<Int64> = []
        for life in 1...3 {
            var acknowledged: Set<Int64> = []
            var last: [Int: (version: Int64, effect: Int64)] = [:]
            for line in try live(path, step, number) {
                let words = line.split(separator: " ").map(String.init)
                if words.count == 2, let effect = Int64(words[1]) {
                    acknowledged.insert(effect)
                } else if words.count == 3, let channel = Int(words[0]), let version = Int64(words[1]),
                    let effect = Int64(words[2])
                {
                    versions[channel] = max(versions[channel] ?? 0, version)
                    last[channel] = (version, effect)
                    #expect(effects.insert(effect).inserted, "effect \(effect) got its name twice")
                }
            }
            // The last of a channel may have been on its way to be acknowledged.
            let doubtful = last.values.filter { $0.version.isMultiple(of: 2) }.map(\.effect)
            let pending = try await look(at: path, &versions, life)
            #expect(acknowledged.isDisjoint(with: pending), "an acknowledged effect came back in life \(life)")
            let missing = effects.subtracting(acknowledged).subtracting(pending).subtracting(doubtful)
            #expect(missing.isEmpty, "effects are lost in life \(life)")
            effects = pending
        }
    }

    /// The program that was built beside this test, or in the package's usual folder.
    private static var program: URL {
        get throws {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            let places = [
                Bundle.main.executableURL?.deletingLastPathComponent().appending(path: "crashing-store"),
                root.appending(path: ".build/debug/crashing-store"),
            ].compactMap { $0 }
            return try #require(places.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }

    /// - Returns: The lines of what was answered.
    private func live(_ path: String, _ step: StoreProbe.Step, _ number: Int) throws -> [String] {
        let process = Process()
        process.executableURL = try Self.program
        process.arguments = [path, step.rawValue, String(number)]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Looks twice: beside the journal as it was left, and at the store once it was opened for writing.
    ///
    /// - Returns: The effects that wait.
    private func look(at path: String, _ versions: inout [Int: Int64], _ life: Int) async throws -> Set<Int64> {
        var seen: [[Int64]] = []
        // A process that dies before the store has its tables leaves nothing to look at.
        for mode in versions.isEmpty ? [SQLiteStore.Mode.readWrite] : [.readOnly, .readWriteExisting] {
            let store = try JournalStore(path: path, mode: mode)
            #expect(try await store.verifyFile() == [])
            for (number, version) in versions {
                let record = try #require(try await store.load(channel(number)), "life \(life)")
                // One commit of each channel may have been under way.
                #expect((version...version + 1).contains(record.version.number), "channel \(number), life \(life)")
                let state = (0..<400).map { UInt8(truncatingIfNeeded: Int(record.version.number) + number + $0) }
                #expect(record.state == state, "life \(life)")
            }
            for number in versions.keys { versions[number] = try await store.load(channel(number))?.version.number }
            seen.append(try await store.pendingEffects(after: nil, limit: 10_000).map(\.id))
            // Not closed, so that the next life finds what this one has left.
        }
        #expect(Set(seen).count == 1, "the two looks differ in life \(life)")
        let pending = seen.last ?? []
        #expect(Set(pending).count == pending.count)
        return Set(pending)
    }
}
