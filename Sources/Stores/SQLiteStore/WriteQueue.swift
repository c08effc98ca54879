// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import GRDB
import Synchronization

/// What waits to be written, taken in batches so that many writes share one sync of the disk.
///
/// While one batch is on its way to the disk, the next one gathers. Nobody is answered before the transaction
/// that holds his write has reached the disk.
final class WriteQueue: Sendable {
    typealias Answer = Result<[PendingEffect.ID], StoreError>

    /// The most writes that share one transaction.
    static let largestBatch = 1000
    /// A batch that carries this many bytes takes no further write.
    static let largestBatchSize = 16 << 20

    private struct Entry {
        let order: WriteOrder
        let answer: @Sendable (Answer) -> Void
    }

    private struct Contents {
        var waiting: [Entry] = []
        var isDraining = false
        var statistics = SQLiteStore.Statistics()
    }

    private let path: String
    private let contents = Mutex(Contents())

    init(path: String) { self.path = path }

    var statistics: SQLiteStore.Statistics {
        contents.withLock { contents in
            var statistics = contents.statistics
            statistics.waiting = contents.waiting.count
            return statistics
        }
    }

    /// Takes a write in.
    ///
    /// - Returns: Whether the writer sleeps and has to be called.
    func append(_ order: WriteOrder, answer: @escaping @Sendable (Answer) -> Void) -> Bool {
        contents.withLock { contents in
            contents.waiting.append(Entry(order: order, answer: answer))
            defer { contents.isDraining = true }
            return !contents.isDraining
        }
    }

    /// Writes everything that waits, also what comes in meanwhile.
    ///
    /// Runs on the writer's thread.
    func drain(into db: Database) {
        while let batch = nextBatch() {
            let answers = write(batch, into: db)
            for (entry, answer) in zip(batch, answers) { entry.answer(answer) }
        }
    }

    private func nextBatch() -> [Entry]? {
        contents.withLock { contents in
            var size = 0
            let batch = Array(
                contents.waiting.prefix(Self.largestBatch).prefix { entry in
                    defer { size += entry.order.size }
                    return size < Self.largestBatchSize
                })
            contents.waiting.removeFirst(batch.count)
            contents.isDraining = !batch.isEmpty
            return batch.isEmpty ? nil : batch
        }
    }

    /// Writes all of them in one transaction, or none.
    private func write(_ batch: [Entry], into db: Database) -> [Answer] {
        do {
            var answers: [Answer] = []
            answers.reserveCapacity(batch.count)
            try db.inTransaction(.immediate) {
                for entry in batch { answers.append(try entry.order.carryOut(in: db)) }
                return .commit
            }
            count(batch, answers)
            return answers
        } catch {
            contents.withLock { $0.statistics.failures += 1 }
            let failure = StoreError(error, path: path)
            return batch.map { _ in .failure(failure) }
        }
    }

    private func count(_ batch: [Entry], _ answers: [Answer]) {
        contents.withLock { contents in
            var written = 0
            for (entry, answer) in zip(batch, answers) {
                switch (entry.order, answer) {
                case (_, .failure): contents.statistics.conflicts += 1
                case (.commit, .success):
                    contents.statistics.commits += 1
                    written += 1
                case (.acknowledge, .success), (.setBookmark, .success): written += 1
                }
            }
            contents.statistics.writes += written
            contents.statistics.transactions += written > 0 ? 1 : 0
            contents.statistics.largestBatch = max(contents.statistics.largestBatch, written)
        }
    }
}
