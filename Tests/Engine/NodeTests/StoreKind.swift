// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingSQLiteStore
import Foundation
import Testing

/// The real stores that an engine is tested on.
enum StoreKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case sqlite

    var testDescription: String { rawValue }

    /// Lends a store that lasts as long as the call.
    func withStore<Result>(_ body: (any ChannelStore) async throws -> Result) async throws -> Result {
        switch self {
        case .memory: return try await body(MemoryStore())
        case .sqlite:
            let folder = FileManager.default.temporaryDirectory.appending(path: "farthing-node-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let store = try SQLiteStore(path: folder.appending(path: "node.store").path())
            do {
                let result = try await body(store)
                await store.close()
                return result
            } catch {
                await store.close()
                throw error
            }
        }
    }
}

extension ChannelStore {
    /// What stands in the store, whatever an engine has in memory.
    func till(_ id: ChannelID) async throws -> Till? {
        try await load(id).map { try Till(stored: $0.state) }
    }

    /// Commits as another process would.
    func addFromElsewhere(_ amount: UInt64, to id: ChannelID) async throws(StoreError) {
        let record = try await load(id)
        guard var till = try? record.map({ try Till(stored: $0.state) }) ?? Till(),
            (try? till.apply(.added(amount))) != nil
        else { throw .unavailable(reason: "a test went wrong") }
        let commit = ChannelCommit(channel: id, scheme: Till.schemeName, state: till.stored)
        _ = try await self.commit(commit, over: record?.version)
    }

    func allPendingEffects() async throws(StoreError) -> [PendingEffect] {
        try await pendingEffects(after: nil, limit: .max)
    }
}
