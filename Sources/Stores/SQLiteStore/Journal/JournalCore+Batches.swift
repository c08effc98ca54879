// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import Synchronization

// What the writer does with what the callers have handed in.
extension JournalCore {
    /// Reads the versions of channels that were never seen, and takes their commits in.
    func resolve(_ unknown: [UnknownCommit]) {
        let versions: [Int64]
        do throws(StoreError) {
            versions = try base.readNow { db in
                try unknown.map { try ChannelTable.version(of: $0.commit.channel, in: db)?.number ?? 0 }
            }
        } catch {
            for entry in unknown { entry.answer(.failure(error)) }
            return
        }
        state.withLock { state in
            state.statistics.lookups += unknown.count
            for (entry, version) in zip(unknown, versions) {
                let index = state.overlay.index
                let slot = index.find(entry.commit.channel) ?? index.add(entry.commit.channel, version: version)
                state.take(entry.commit, over: entry.expected, at: slot, answer: entry.answer)
            }
        }
    }

    /// Lets everybody see a batch that has reached the disk.
    func publish(_ batch: JournalBatch, segment: UInt32, offset: Int) {
        state.withLock { state in
            state.count(batch, bytes: SegmentFormat.rounded(batch.buffer.count))
            state.writeFault = nil
            for entry in batch.entries where entry.kind == .commit {
                let place = JournalPlace(
                    segment: segment, offset: UInt32(truncatingIfNeeded: offset) &+ entry.offset)
                state.overlay.place(entry.slot, isFirst: entry.version == 0, at: place)
            }
            for effect in batch.effects { state.overlay.add(effect, segment: segment) }
            for effect in batch.acknowledged { state.overlay.acknowledge(effect, segment: segment) }
            for (name, position) in batch.bookmarks {
                state.overlay.setBookmark(name, to: position, segment: segment)
            }
        }
    }

    /// Counts a batch that had nothing to write.
    func count(_ batch: JournalBatch) { state.withLock { $0.count(batch, bytes: 0) } }

    /// Undoes a batch that failed and the one that gathered meanwhile, whose versions build on it.
    func takeBack(
        _ batch: JournalBatch, because error: StoreError, refusal: StoreError?
    ) -> (batch: JournalBatch, unknown: [UnknownCommit]) {
        state.withLock { state in
            let gathered = (state.gathering, state.unknown)
            gathered.0.rollBack(state.overlay.index)
            batch.rollBack(state.overlay.index)
            state.gathering = JournalBatch()
            state.unknown = []
            state.refusal = refusal
            state.writeFault = refusal ?? error
            state.statistics.failures += 1
            return gathered
        }
    }

    // MARK: - Folding

    /// Whether a fold should begin now.
    func wantsFold(isIdle: Bool) -> Bool {
        state.withLock { state in
            !state.isFolding && state.unfolded > 0 && (isIdle || state.unfolded >= state.foldThreshold)
        }
    }

    /// Waits until no fold is under way.
    func waitForFold() {
        while state.withLock({ $0.isFolding }) { foldEnded.wait() }
    }
}

extension JournalCore.State {
    /// What the writer does next.
    enum Next: Sendable {
        case batch(unknown: [JournalCore.UnknownCommit])
        case gather(until: DispatchTime)
        /// Sleep until somebody writes, or until an idle journal is to be folded.
        case sleep(untilFold: Bool)
        case end(folds: Bool)
    }

    /// Puts what has gathered into the writer's empty batch, or says why not.
    ///
    /// - Parameters:
    ///   - isCrowd: Whether more is expected, also when there is one write only.
    ///   - gatherUntil: How long a crowd may gather; `nil` when it has.
    mutating func next(for batch: inout JournalBatch, isCrowd: Bool, gatherUntil: DispatchTime?) -> Next {
        let count = gathering.entries.count + unknown.count
        guard count > 0 else {
            if isClosing { return .end(folds: foldsAtEnd) }
            statistics.waiting = 0
            isWriterAsleep = true
            return .sleep(untilFold: unfolded > 0 && !isFolding)
        }
        let waits = (isCrowd || count > 1) && gathering.buffer.count < JournalCore.largeBatch
        if let gatherUntil, waits, !isClosing {
            isGathering = true
            return .gather(until: gatherUntil)
        }
        swap(&gathering, &batch)
        statistics.waiting = count
        guard !unknown.isEmpty else { return .batch(unknown: []) }
        defer { unknown = [] }
        return .batch(unknown: unknown)
    }

    fileprivate mutating func count(_ batch: JournalBatch, bytes: Int) {
        let written = Int(batch.buffer.records)
        unfolded += bytes
        statistics.commits += batch.commits
        statistics.conflicts += batch.conflicts
        statistics.writes += written
        statistics.batches += written > 0 ? 1 : 0
        statistics.bytes += bytes
        statistics.largestBatch = max(statistics.largestBatch, written)
    }
}
