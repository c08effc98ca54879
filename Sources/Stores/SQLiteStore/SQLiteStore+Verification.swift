// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import GRDB

extension SQLiteStore {
    /// Reads every page of the file and names what is wrong with it; empty when all is well.
    ///
    /// Takes time in proportion to the file. Others may read and write meanwhile.
    ///
    /// - Source: SQLite, `PRAGMA integrity_check`, which stops after a hundred messages.
    /// - Throws: `StoreError.damaged` when the file is so broken that it cannot be gone through.
    public func verifyFile() async throws(StoreError) -> [String] {
        try await read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }.filter { $0 != "ok" }
    }
}
