// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingSQLiteStore
import Logging
import Metrics
import Synchronization

/// Tells whether a store's journal finds its way into the file; the journal grows where it does not.
final class StoreWatch: Sendable {
    private let store: JournalStore
    private let logger: Logger
    private let failures: Counter
    private let bytes: Meter
    /// How many failures were told.
    private let told = Mutex(0)

    init(_ store: JournalStore, logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory) {
        (self.store, self.logger) = (store, logger)
        failures = Counter(label: "farthing_journal_fold_failures_total", dimensions: [], factory: metrics)
        bytes = Meter(label: "farthing_journal_bytes", dimensions: [], factory: metrics)
        failures.increment(by: 0)
    }

    /// Tells what is new since the last look.
    func look() {
        let length = store.journalBytes
        bytes.set(Double(length))
        let failed = store.statistics.foldFailures
        let new = told.withLock { told in
            defer { told = failed }
            return failed - told
        }
        guard new > 0 else { return }
        failures.increment(by: new)
        var metadata: Logger.Metadata = ["journalBytes": "\(length)"]
        if let fault = store.foldFault {
            metadata["error"] = "\(fault.message)"
            if let remedy = fault.remedy { metadata["remedy"] = "\(remedy)" }
        }
        logger.error("The journal could not be folded into the store", metadata: metadata)
    }
}
