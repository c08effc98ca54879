// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import Foundation
import Synchronization

/// Keeps channels in one SQLite file with a journal before it, so that a commit costs little more than its bytes.
///
/// A commit is answered when the disk has its batch in the journal: segments beside the file that are only ever
/// appended to. From time to time, and when the store is closed, the journal is folded into the file: of each
/// channel only its last state, in large transactions, while commits go on. Reading sees both.
///
/// A store that an ``SQLiteStore`` wrote is opened as it is, and after ``close()`` is one again. One process at a time
/// may open a store for writing; any number may look, and see all that is durable.
public final class JournalStore: ChannelStore, Sendable {
    /// Where the file lies, as it was given.
    public let path: String
    public let mode: SQLiteStore.Mode

    let base: SQLiteStore
    let side: Side
    let folder: any JournalFolder
    private let closing = Mutex<Task<Void, Never>?>(nil)

    /// What a store does with its journal.
    enum Side: Sendable {
        case writer(JournalCore, thread: pthread_t)
        case viewer(JournalViewer)
    }

    /// Opens a store, and makes it first when the mode says so.
    ///
    /// Takes time in proportion to the journal that a crash left behind.
    ///
    /// - Throws: `StoreError.inUse` when somebody else writes to it, `StoreError.missing`, `StoreError.newer`,
    ///   `StoreError.damaged` with the file and the offset, `StoreError.full` or `StoreError.unavailable`.
    public convenience init(
        path: String, mode: SQLiteStore.Mode = .readWrite, options: Options = Options()
    ) throws(StoreError) {
        let file = try StoreFile(path: path, mode: mode)
        try self.init(file: file, options: options, folder: PosixJournalFolder(beside: file), probe: nil)
    }

    /// For tests: with a folder that is not the system's, or with a probe.
    package convenience init(
        path: String, mode: SQLiteStore.Mode = .readWrite, options: Options = Options(),
        folder: (any JournalFolder)? = nil, probe: StoreProbe?
    ) throws(StoreError) {
        let file = try StoreFile(path: path, mode: mode)
        try self.init(file: file, options: options, folder: folder ?? PosixJournalFolder(beside: file), probe: probe)
    }

    private init(
        file: StoreFile, options: Options, folder: any JournalFolder, probe: StoreProbe?
    ) throws(StoreError) {
        path = file.path
        mode = file.mode
        self.folder = folder
        base = try SQLiteStore(file: file, allowsJournal: true)
        if mode == .readOnly {
            side = .viewer(try JournalViewer(base: base, folder: folder))
        } else {
            let opening = JournalOpening(path: path, base: base, folder: folder, options: options, probe: probe)
            side = try opening.start()
        }
    }

    deinit {
        guard case .writer(let core, let thread) = side else { return }
        core.close(folds: false)
        // The last to let go may be an answer, which runs on the very thread that is to end.
        guard pthread_equal(thread, pthread_self()) == 0 else { return }
        core.ended.wait()
        base.closeNow()
    }

    // MARK: - Writing

    public func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        guard case .writer(let core, _) = side else { return answer(.failure(Self.onlyLooking)) }
        core.submit(commit, over: expected, answer: answer)
    }

    public func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        try await withCheckedContinuation { continuation in
            submit(commit, over: expected) { continuation.resume(returning: $0) }
        }.get()
    }

    public func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) {
        guard case .writer(let core, _) = side else { throw Self.onlyLooking }
        _ = try await withCheckedContinuation { continuation in
            core.acknowledge(effect) { continuation.resume(returning: $0) }
        }.get()
    }

    public func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        guard case .writer(let core, _) = side else { throw Self.onlyLooking }
        _ = try await withCheckedContinuation { continuation in
            core.setBookmark(name, to: position) { continuation.resume(returning: $0) }
        }.get()
    }

    static var onlyLooking: StoreError { .unavailable(reason: "it was opened for reading only") }

    // MARK: - Looking after it

    /// The files in which the journal of a store lies, also when the store itself is gone.
    public static func segmentPaths(ofStore path: String) throws(StoreError) -> [String] {
        let folder = PosixJournalFolder(beside: try StoreFile(path: path, mode: .readWrite))
        return try folder.segments().sorted().map { folder.path(of: $0) }
    }

    /// What was written since the store was opened; nothing for one that only looks.
    public var statistics: Statistics {
        guard case .writer(let core, _) = side else { return Statistics() }
        return core.state.withLock { state in
            var statistics = state.statistics
            statistics.waiting += state.gathering.entries.count + state.unknown.count
            return statistics
        }
    }

    /// Lets everything that was handed in finish, folds the journal into the file, and frees both for others.
    ///
    /// When the fold fails, the journal stays beside the file and is read at the next opening. Afterwards every call
    /// throws `StoreError.unavailable`. Closing twice is harmless. A store that is let go without closing
    /// leaves its journal, and the thread that lets go waits for the batch under way.
    public func close() async {
        let task = closing.withLock { running in
            let task =
                running
                ?? Task.detached { [base, side] in
                    if case .writer(let core, _) = side {
                        await withCheckedContinuation { continuation in
                            core.close(folds: true) { continuation.resume() }
                        }
                    }
                    await base.close()
                }
            running = task
            return task
        }
        await task.value
    }
}
