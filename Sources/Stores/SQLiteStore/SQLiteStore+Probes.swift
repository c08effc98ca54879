// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

package import Dispatch
import GRDB

// What tests of this package need in order to bring about what a healthy disk seldom does.
extension SQLiteStore {
    /// What the writing connection answers to a `PRAGMA`.
    package func setting(_ name: String) async -> Int64? {
        await withCheckedContinuation { continuation in
            runOnWriter { continuation.resume(returning: try? Int64.fetchOne($0, sql: "PRAGMA \(name)")) }
        }
    }

    /// Lets the file grow to so many pages and no further, as a full disk would.
    package func limitPages(to count: Int) async -> Int64? {
        await setting("max_page_count = \(count)")
    }

    /// Stops the writer until the semaphore is signalled, so that writes pile up.
    package func holdWriter(until signal: DispatchSemaphore) {
        runOnWriter { _ in signal.wait() }
    }
}
