// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Foundation

/// The files that belong to a store.
enum StoreFiles {
    /// Removes a store with its ledger and its key.
    ///
    /// A store that is in use is left as it is.
    ///
    /// - Throws: `StoreError.inUse`.
    static func remove(_ path: String) throws {
        let files = FileManager.default
        if files.fileExists(atPath: path) {
            do {
                // Whoever can open it for writing is alone with it.
                _ = try JournalStore(path: path, mode: .readWriteExisting)
            } catch StoreError.inUse(let path, let process) {
                throw StoreError.inUse(path: path, by: process)
            } catch {
                // Damaged or of another version: it goes all the same.
            }
        }
        let ledger = NodeConfiguration.ledgerPath(besides: path)
        for file in [path, ledger] {
            for suffix in ["", "-wal", "-shm", ".lock"] where files.fileExists(atPath: file + suffix) {
                try files.removeItem(atPath: file + suffix)
            }
        }
        for segment in try JournalStore.segmentPaths(ofStore: path) { try files.removeItem(atPath: segment) }
        if files.fileExists(atPath: path + ".authorizer.key") {
            try files.removeItem(atPath: path + ".authorizer.key")
        }
    }
}
