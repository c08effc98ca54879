// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore

/// The store that a node has, for payees in this process: the one place that names it.
struct DurableStore: Sendable {
    let store: any ChannelStore
    /// What is worth telling of it once it was written to.
    let remark: @Sendable () -> String
    let close: @Sendable () async -> Void

    init(folder: String) throws {
        let store = try JournalStore(path: folder + "/store.sqlite")
        self.store = store
        remark = { Self.remark(of: store) }
        close = { await store.close() }
    }

    static func remark(of store: JournalStore) -> String {
        let statistics = store.statistics
        let batch = Report.text(statistics.meanBatch)
        return "The store: \(statistics.commits) commits, each durable; on average \(batch) shared one sync."
    }
}
