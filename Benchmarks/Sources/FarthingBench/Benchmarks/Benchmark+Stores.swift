// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingMemoryStore
import FarthingSQLiteStore

extension Benchmark {
    static let stores = Benchmark(
        name: "stores",
        summary: """
            Commits of 340 bytes of state, \(StoreLoad.lanes) under way, \(StoreLoad.channels) channels. What the \
            memory store takes is the measuring's own.
            """
    ) { setting in
        let alone = try SQLiteStore(path: setting.folder + "/alone.sqlite")
        let journal = try JournalStore(path: setting.folder + "/journal.sqlite")
        var contest = Contest(entrants: [
            try await StoreLoad(MemoryStore()).entrant("memory"),
            try await StoreLoad(alone).entrant("SQLite alone"),
            try await StoreLoad(journal).entrant("journal before SQLite"),
        ])
        contest.remarks = { _ in
            let statistics = journal.statistics
            return [
                "SQLite alone: on average \(Report.text(alone.statistics.meanBatch)) shared one sync.",
                "Journal: on average \(Report.text(statistics.meanBatch)) shared one sync; \(statistics.folds) folds.",
            ]
        }
        contest.finish = {
            await alone.close()
            await journal.close()
        }
        return contest
    }
}
