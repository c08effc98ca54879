// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import FarthingSQLiteStore
import Foundation
import Synchronization

/// A store that kills its process at a step of its work, as an operator's `kill -9` would; for tests alone.
///
///     crashing-store PATH STEP NUMBER
///
/// It commits to eight channels in turn, and says `CHANNEL VERSION EFFECT` on a line of its own for each commit that
/// was answered, `acknowledged EFFECT` for each acknowledgement. It ends itself at `STEP` for the `NUMBER`th time, or
/// after 400 commits without closing.
@main
enum CrashingStore {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let number = Int(arguments[3]) else { exit(64) }
        let rest = Mutex(number)
        let probe = StoreProbe { step in
            guard step.rawValue == arguments[2] else { return }
            let isHere = rest.withLock { rest in
                rest -= 1
                return rest == 0
            }
            if isHere { kill(getpid(), SIGKILL) }
        }
        var options = JournalStore.Options()
        options.foldAfter = 64 << 10
        options.fillAhead = 16 << 10
        options.rowsInTransaction = 3
        let store = try JournalStore(path: arguments[1], options: options, probe: probe)
        for _ in 0..<50 {
            try await withThrowingTaskGroup { group in
                for channel in 0..<8 { group.addTask { try await advance(channel, in: store) } }
                try await group.waitForAll()
            }
        }
        kill(getpid(), SIGKILL)
    }

    private static func advance(_ number: Int, in store: JournalStore) async throws {
        let id = ChannelID(Hash32 { $0.storeBytes(of: UInt64(number).bigEndian, as: UInt64.self) })
        let version = try await store.load(id)?.version
        let next = version?.next ?? Version(number: 1)
        let state = (0..<400).map { UInt8(truncatingIfNeeded: Int(next.number) + number + $0) }
        let commit = ChannelCommit(channel: id, scheme: "test", state: state, effects: [[UInt8(number)]])
        let effects = try await store.commit(commit, over: version)
        say("\(number) \(next.number) \(effects[0])")
        guard next.number.isMultiple(of: 2) else { return }
        try await store.acknowledge(effects[0])
        say("acknowledged \(effects[0])")
    }

    /// Writes a line at once: what is buffered dies with the process.
    private static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }
}
