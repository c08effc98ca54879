// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
import FarthingChannels
import Synchronization

/// What the callers of a journal, its writer and its folds share.
final class JournalCore: Sendable {
    struct State {
        var overlay: Overlay
        var gathering = JournalBatch()
        /// Commits of channels whose version has to be read first.
        var unknown: [UnknownCommit] = []
        var isWriterAsleep = false
        /// Whether the writer lets a batch gather, and is to be woken when it is large.
        var isGathering = false
        /// Why nothing is written any more.
        var refusal: StoreError?
        /// Why the last batch was not written; `nil` when it was.
        var writeFault: StoreError?
        /// Why the last fold came to nothing; `nil` when it did not.
        var foldFault: StoreError?
        var isClosing = false
        /// Whether closing brings everything into the file.
        var foldsAtEnd = false
        var hasEnded = false
        /// Told when the writer has ended.
        var closers: [@Sendable () -> Void] = []
        var isFolding = false
        /// How much the journal holds that no fold has taken.
        var unfolded = 0
        /// How much of it the fold under way has taken.
        var folding = 0
        /// From how much on the next fold begins.
        var foldThreshold: Int
        var statistics = JournalStore.Statistics()
    }

    struct UnknownCommit: Sendable {
        let commit: ChannelCommit
        let expected: Version?
        let answer: CommitAnswer
    }

    /// A commit above this is refused.
    ///
    /// - Unit: bytes.
    static let largestCommit = 64 << 20
    /// A batch of so much is written at once.
    ///
    /// - Unit: bytes.
    static let largeBatch = 128 << 10
    /// When so much waits for the disk, further writes are refused.
    ///
    /// - Unit: bytes.
    static let mostWaiting = 512 << 20

    let path: String
    let base: SQLiteStore
    let folder: any JournalFolder
    let identity: UInt64
    let options: JournalStore.Options
    let probe: StoreProbe?
    let state: Mutex<State>
    /// Wakes the writer.
    let bell = DispatchSemaphore(value: 0)
    /// Told when the writer has ended, with the closing's fold behind it.
    let ended = DispatchSemaphore(value: 0)
    /// Told when a fold has ended that somebody waits for.
    let foldEnded = DispatchSemaphore(value: 0)

    init(
        path: String, base: SQLiteStore, folder: any JournalFolder, identity: UInt64, options: JournalStore.Options,
        probe: StoreProbe?, overlay: sending Overlay, unfolded: Int
    ) {
        self.path = path
        self.base = base
        self.folder = folder
        self.identity = identity
        self.options = options
        self.probe = probe
        state = Mutex(State(overlay: overlay, unfolded: unfolded, foldThreshold: options.foldAfter))
    }

    // MARK: - Handing in

    func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        guard commit.size <= Self.largestCommit else {
            return answer(.failure(.unavailable(reason: "\(commit.size) bytes are too many for one commit")))
        }
        hand(answer) { state in
            if let slot = state.overlay.index.find(commit.channel) {
                state.take(commit, over: expected, at: slot, answer: answer)
            } else {
                state.unknown.append(UnknownCommit(commit: commit, expected: expected, answer: answer))
            }
        }
    }

    func acknowledge(_ effect: PendingEffect.ID, answer: @escaping CommitAnswer) {
        hand(answer) { state in
            // A name that nobody got yet must not be forgotten in advance.
            if (1...max(1, state.overlay.lastEffect)).contains(effect) {
                state.gathering.buffer.appendAcknowledgement(of: effect)
                state.gathering.acknowledged.append(effect)
            }
            state.gathering.append(answer)
        }
    }

    func setBookmark(_ name: String, to position: UInt64, answer: @escaping CommitAnswer) {
        guard !JournalMarks.isReserved(name), name.utf8.count <= 65_536 else {
            return answer(.failure(.unavailable(reason: "a bookmark cannot be called '\(name.prefix(100))'")))
        }
        hand(answer) { state in
            state.gathering.buffer.appendBookmark(name, position)
            state.gathering.bookmarks.append((name, position))
            state.gathering.append(answer)
        }
    }

    @inline(__always) private func hand(_ answer: CommitAnswer, _ take: (inout State) -> Void) {
        var wakes = false
        let refusal: StoreError? = state.withLock { state in
            if let refusal = state.refusal { return refusal }
            if state.isClosing { return .closed }
            if state.gathering.buffer.count > Self.mostWaiting {
                return .unavailable(reason: "too much waits to be written")
            }
            take(&state)
            wakes = state.wakesWriter(isUrgent: state.gathering.buffer.count >= Self.largeBatch)
            return nil
        }
        if let refusal { return answer(.failure(refusal)) }
        if wakes { bell.signal() }
    }

    /// Lets the writer finish what was handed in, and end.
    func close(folds: Bool, then closer: @escaping @Sendable () -> Void = {}) {
        let (wakes, hasEnded) = state.withLock { state in
            state.isClosing = true
            state.foldsAtEnd = state.foldsAtEnd || folds
            if !state.hasEnded { state.closers.append(closer) }
            return (state.wakesWriter(isUrgent: true), state.hasEnded)
        }
        if wakes { bell.signal() }
        if hasEnded { closer() }
    }

    /// Tells everybody that the writer has ended.
    func end() {
        let closers = state.withLock { state in
            state.hasEnded = true
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer() }
        ended.signal()
    }
}

extension JournalCore.State {
    /// Whether the writer sleeps and has to be woken; from then on it counts as awake.
    mutating func wakesWriter(isUrgent: Bool) -> Bool {
        guard isWriterAsleep || isGathering && isUrgent else { return false }
        (isWriterAsleep, isGathering) = (false, false)
        return true
    }

    /// Puts a commit into the batch that gathers, or the answer that it is stale.
    mutating func take(
        _ commit: ChannelCommit, over expected: Version?, at slot: ChannelIndex.Slot, answer: @escaping CommitAnswer
    ) {
        let stored = overlay.index[slot].version
        guard stored == expected?.number ?? 0 else {
            gathering.conflicts += 1
            gathering.entries.append(
                JournalBatch.Entry(
                    answer: answer, kind: .conflict, slot: slot, offset: 0, version: stored, firstEffect: 0,
                    effectCount: 0))
            return
        }
        overlay.index[slot].version = stored + 1
        let firstEffect = commit.effects.isEmpty ? 0 : overlay.lastEffect + 1
        let offset = gathering.buffer.append(commit, version: stored + 1, firstEffect: firstEffect)
        for (number, body) in commit.effects.enumerated() {
            gathering.effects.append(
                PendingEffect(id: firstEffect + Int64(number), channel: commit.channel, body: body))
        }
        overlay.lastEffect += Int64(commit.effects.count)
        gathering.commits += 1
        gathering.entries.append(
            JournalBatch.Entry(
                answer: answer, kind: .commit, slot: slot, offset: UInt32(truncatingIfNeeded: offset),
                version: stored, firstEffect: firstEffect, effectCount: commit.effects.count))
    }
}

extension JournalBatch {
    fileprivate mutating func append(_ answer: @escaping CommitAnswer) {
        entries.append(
            Entry(
                answer: answer, kind: .other, slot: 0, offset: 0, version: 0, firstEffect: 0, effectCount: 0))
    }
}

extension ChannelCommit {
    fileprivate var size: Int {
        var size = state.count + scheme.utf8.count
        for effect in effects { size += effect.count }
        return size
    }
}
