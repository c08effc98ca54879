// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import Synchronization

/// Writes the batches of a journal, one after the other, on a thread of its own.
///
/// While one batch is on its way to the disk, the next one gathers. A thread and not a task, because a sync blocks.
final class JournalWriter {
    private let core: JournalCore
    private var segment: OpenSegment?
    private var lastSegment: UInt32
    private var nextSequence: UInt64
    /// The batch under way; empty between two.
    private var batch = JournalBatch()
    private let image = BatchImage()
    /// When the batch before was taken, and how many writes it had.
    private var lastStart = DispatchTime(uptimeNanoseconds: 1)
    private var lastCount = 0

    init(core: JournalCore, lastSegment: UInt32, nextSequence: UInt64) {
        self.core = core
        self.lastSegment = lastSegment
        self.nextSequence = nextSequence
    }

    private enum Work: Sendable {
        case batch(unknown: [JournalCore.UnknownCommit])
        case idle
        case end(folds: Bool)
    }

    /// Works until the store is closed.
    func run() {
        while true {
            switch nextWork() {
            case .batch(let unknown):
                if !unknown.isEmpty { core.resolve(unknown) }
                if !batch.isEmpty { write() }
                batch.reset()
                if core.wantsFold(isIdle: false) { beginFold() }
            case .idle:
                if core.wantsFold(isIdle: true) { beginFold() }
            case .end(let folds):
                core.waitForFold()
                if folds, core.wantsFold(isIdle: true) {
                    beginFold()
                    core.waitForFold()
                }
                segment = nil
                return
            }
        }
    }

    /// Takes what has gathered, or waits for it.
    private func nextWork() -> Work {
        var (mayGather, hasSlept) = (true, false)
        while true {
            let now = DispatchTime.now()
            let end = lastStart + .nanoseconds(Int(core.options.pace / .nanoseconds(1)))
            let gatherUntil = mayGather && now < end ? end : nil
            // One write that was there already is a channel's that many pay out of: others wait behind it.
            let isCrowd = lastCount > 1 || !hasSlept
            switch core.state.withLock({ $0.next(for: &batch, isCrowd: isCrowd, gatherUntil: gatherUntil) }) {
            case .batch(let unknown):
                lastStart = now
                lastCount = batch.entries.count + unknown.count
                return .batch(unknown: unknown)
            case .end(let folds): return .end(folds: folds)
            case .gather(let end):
                _ = wait(until: end)
                mayGather = false
            case .sleep(untilFold: false):
                core.bell.wait()
                hasSlept = true
            case .sleep(untilFold: true):
                hasSlept = true
                let nanoseconds = min(core.options.foldWhenIdle / .nanoseconds(1), 1e15)
                if wait(until: now + .nanoseconds(Int(nanoseconds))) { return .idle }
            }
        }
    }

    /// Waits until somebody wakes the writer.
    ///
    /// - Returns: Whether nobody did; whoever would do so from now on finds it awake.
    private func wait(until end: DispatchTime) -> Bool {
        guard core.bell.wait(timeout: end) == .timedOut else { return false }
        let isUndisturbed = core.state.withLock { $0.wakesWriter(isUrgent: true) }
        if !isUndisturbed { core.bell.wait() }
        return isUndisturbed
    }

    // MARK: - A batch

    private func write() {
        guard batch.buffer.records > 0 else {
            core.count(batch)
            batch.answerAll()
            return
        }
        let placed: (segment: UInt32, offset: Int)
        do throws(StoreError) { placed = try append() } catch {
            giveUp(because: error)
            return
        }
        core.probe?(.synced)
        core.publish(batch, segment: placed.segment, offset: placed.offset)
        batch.answerAll()
        core.probe?(.answered)
    }

    private func append() throws(StoreError) -> (segment: UInt32, offset: Int) {
        let length = SegmentFormat.rounded(batch.buffer.count)
        if let segment, segment.end + length > core.options.largestSegment { self.segment = nil }
        let segment = if let segment { segment } else { try makeSegment() }
        let offset = segment.end
        let bytes = image.make(
            of: batch.buffer, sequence: nextSequence, segment: segment.number, identity: core.identity)
        try segment.append(bytes, probe: core.probe)
        nextSequence += 1
        return (segment.number, offset)
    }

    private func makeSegment() throws(StoreError) -> OpenSegment {
        let header = SegmentHeader(number: lastSegment + 1, identity: core.identity, firstSequence: nextSequence)
        let made = try OpenSegment.make(header, in: core.folder, fillAhead: core.options.fillAhead, probe: core.probe)
        core.state.withLock { $0.overlay.files[header.number] = made.file }
        lastSegment = header.number
        segment = made
        return made
    }

    // MARK: - Trouble

    /// Undoes a batch that could not be written, with all that was checked against it.
    ///
    /// After a failed sync nobody knows what the disk has. So what is behind the last good batch is cut off, and that
    /// file is never written again: the next segment begins with the sequence number of the batch that failed, which
    /// makes void whatever is left of it.
    private func giveUp(because error: StoreError) {
        var refusal: StoreError?
        if let segment {
            do throws(StoreError) { try segment.cutOff() } catch {
                refusal = .unavailable(
                    reason: "a write failed and could not be taken back (\(error.message)); restart the node")
            }
            self.segment = nil
        }
        let gathered = core.takeBack(batch, because: error, refusal: refusal)
        batch.refuseAll(refusal ?? error)
        gathered.batch.refuseAll(refusal ?? error)
        for unknown in gathered.unknown { unknown.answer(.failure(refusal ?? error)) }
    }

    // MARK: - Folding

    private func beginFold() {
        segment = nil
        let (core, through) = (core, lastSegment)
        let fold = core.state.withLock { state in
            state.isFolding = true
            return (state.overlay.beginFold(through: through), state.unfolded)
        }
        core.state.withLock { ($0.unfolded, $0.folding) = (0, fold.1) }
        core.base.runOnWriter { db in
            JournalFold(core: core, fold: fold.0, length: fold.1).run(in: db)
        }
    }
}
