// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import Dispatch
public import FarthingChannels
import Foundation
import GRDB
import Synchronization

/// Keeps channels in one SQLite file.
///
/// What was committed is on the disk when `commit` returns: the file is written ahead (WAL) and synced fully.
/// Commits that arrive together share one transaction, and so one sync; each is still checked by itself, so a
/// stale one fails alone. Only one process at a time may open a file for writing, any number may look.
public final class SQLiteStore: ChannelStore, Sendable {
    /// Where the file lies, as it was given.
    public let path: String
    public let mode: Mode

    private let pool: DatabasePool
    private let lock: FileLock?
    private let queue: WriteQueue
    private let gate = Gate()
    private let closing = Mutex<Task<Void, Never>?>(nil)

    /// Opens the file, and makes it first when the mode says so.
    ///
    /// - Throws: `StoreError.inUse` when somebody else writes to it, `StoreError.missing`,
    ///   `StoreError.newer`, `StoreError.damaged`, `StoreError.full` or
    ///   `StoreError.unavailable`, also when a journal lies beside it that is newer than the file.
    public convenience init(path: String, mode: Mode = .readWrite) throws(StoreError) {
        try self.init(file: try StoreFile(path: path, mode: mode), allowsJournal: false)
    }

    /// - Parameter allowsJournal: Whether whoever opens it takes care of the journal that lies beside it.
    init(file: StoreFile, allowsJournal: Bool) throws(StoreError) {
        let (path, mode) = (file.path, file.mode)
        try file.checkPresence()
        self.path = path
        self.mode = mode
        lock = mode == .readOnly ? nil : try FileLock(of: file)
        try file.createIfMissing()
        if !allowsJournal { try file.checkForJournal() }
        pool = try file.open()
        queue = WriteQueue(path: path)
    }

    deinit { closeNow() }

    // MARK: - Reading

    public func load(_ id: ChannelID) async throws(StoreError) -> ChannelRecord? {
        try await read { try ChannelTable.record(of: id, in: $0) }
    }

    public func channels(after: ChannelID?, limit: Int) async throws(StoreError) -> [StoredChannel] {
        try await read { try ChannelTable.page(after: after, limit: limit, in: $0) }
    }

    public func pendingEffects(
        after: PendingEffect.ID?, limit: Int
    ) async throws(StoreError) -> [PendingEffect] {
        try await read { try OutboxTable.page(after: after, limit: limit, in: $0) }
    }

    public func bookmark(_ name: String) async throws(StoreError) -> UInt64? {
        try await read { try BookmarkTable.position(of: name, in: $0) }
    }

    // MARK: - Writing

    public func commit(
        _ commit: ChannelCommit, over expected: Version?
    ) async throws(StoreError) -> [PendingEffect.ID] {
        try await write(.commit(commit, over: expected))
    }

    public func submit(_ commit: ChannelCommit, over expected: Version?, answer: @escaping CommitAnswer) {
        write(.commit(commit, over: expected), answer: answer)
    }

    public func acknowledge(_ effect: PendingEffect.ID) async throws(StoreError) {
        _ = try await write(.acknowledge(effect))
    }

    public func setBookmark(_ name: String, to position: UInt64) async throws(StoreError) {
        _ = try await write(.setBookmark(name, to: position))
    }

    // MARK: - Looking after it

    /// What was written since the store was opened.
    public var statistics: Statistics { queue.statistics }

    /// Lets everything that was handed in finish, and frees the file for others.
    ///
    /// The write-ahead log is folded into the file unless somebody still looks at it. Afterwards every call throws
    /// `StoreError.unavailable`. Closing twice is harmless. A store that is let go without closing is
    /// closed too, but then the thread that lets go has to wait.
    public func close() async {
        let task = closing.withLock { running in
            let task = running ?? closingTask()
            running = task
            return task
        }
        await task.value
    }

    /// Reads on a connection of its own, which sees everything committed until now.
    func read<Value: Sendable>(
        _ body: @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        guard gate.enter() else { throw .closed }
        defer { gate.leave() }
        do { return try await pool.read(body) } catch { throw StoreError(error, path: path) }
    }

    /// Reads and waits for it; for threads that may be held up.
    func readNow<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        guard gate.enter() else { throw .closed }
        defer { gate.leave() }
        do { return try pool.read(body) } catch { throw StoreError(error, path: path) }
    }

    /// What everybody has committed until now; it stays so while it is held.
    func snapshot() throws(StoreError) -> DatabaseSnapshot {
        guard gate.enter() else { throw .closed }
        defer { gate.leave() }
        do { return try pool.makeSnapshot() } catch { throw StoreError(error, path: path) }
    }

    /// Writes in one transaction and waits for it; for threads that may be held up.
    func writeNow<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do { return try pool.write(body) } catch { throw StoreError(error, path: path) }
    }

    /// Runs on the writer's own thread, between two transactions.
    func runOnWriter(_ body: @escaping @Sendable (Database) -> Void) {
        pool.asyncWriteWithoutTransaction(body)
    }

    /// Frees the file at once, when nobody uses the store any more.
    func closeNow() { Self.shut(pool, lock) }

    private func write(_ order: WriteOrder) async throws(StoreError) -> [PendingEffect.ID] {
        try await withCheckedContinuation { continuation in
            write(order) { continuation.resume(returning: $0) }
        }.get()
    }

    private func write(_ order: WriteOrder, answer: @escaping CommitAnswer) {
        guard mode != .readOnly else {
            return answer(.failure(.unavailable(reason: "it was opened for reading only")))
        }
        guard order.size <= WriteOrder.largestSize else {
            return answer(.failure(.unavailable(reason: "\(order.size) bytes are too many for one commit")))
        }
        guard gate.enter() else { return answer(.failure(.closed)) }
        let isAsleep = queue.append(order) { [gate] in
            gate.leave()
            answer($0)
        }
        if isAsleep { runOnWriter { [queue] in queue.drain(into: $0) } }
    }

    private func closingTask() -> Task<Void, Never> {
        Task.detached { [gate, pool, lock] in
            await gate.shut()
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async {
                    Self.shut(pool, lock)
                    continuation.resume()
                }
            }
        }
    }

    private static func shut(_ pool: DatabasePool, _ lock: FileLock?) {
        // The writer must be the last to leave: only then does SQLite fold the write-ahead log into the file.
        pool.invalidateReadOnlyConnections()
        // When closing fails, the log stays beside the file and is read at the next opening.
        try? pool.close()
        lock?.release()
    }
}
