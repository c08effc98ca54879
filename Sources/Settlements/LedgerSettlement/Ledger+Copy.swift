// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import Foundation
import GRDB

extension Ledger {
    /// Copies the ledger to a place where nothing lies, as it stands in one moment, while others work with it.
    ///
    /// - Throws: `StoreError.unavailable` when something is there already, `StoreError.full`; what was copied until
    ///   then is left behind.
    public func copy(to path: String) async throws(StoreError) {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw .unavailable(reason: "\(path) is there already")
        }
        try Self.makeFile(at: path)
        let outcome: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            // It may take long, and holds its thread.
            DispatchQueue.global().async { [database] in
                do {
                    let copy = try DatabaseQueue(path: path)
                    try database.backup(to: copy)
                    try copy.close()
                    continuation.resume(returning: .success(()))
                } catch { continuation.resume(returning: .failure(Self.storeError(error, path: path))) }
            }
        }
        try outcome.get()
    }
}
