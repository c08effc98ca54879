// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import GRDB

/// The file of a store, found and not yet opened.
struct StoreFile {
    /// As it was given; errors show this one.
    let path: String
    /// Without links on the way, so that two names of one file share one lock.
    let resolved: String

    let mode: SQLiteStore.Mode

    /// Finds the file, or the place where it would be made.
    init(path: String, mode: SQLiteStore.Mode) throws(StoreError) {
        guard !path.isEmpty else { throw .unavailable(reason: "its path is empty") }
        self.path = path
        self.mode = mode
        if let resolved = Self.resolve(path) {
            self.resolved = resolved
            return
        }
        let url = URL(fileURLWithPath: path)
        guard let folder = Self.resolve(url.deletingLastPathComponent().path) else {
            guard mode == .readWrite else { throw .missing(path: path) }
            throw .unavailable(reason: "the folder of \(path) does not exist")
        }
        resolved = folder + "/" + url.lastPathComponent
    }

    /// Refuses a place where nothing lies and nothing may be made.
    func checkPresence() throws(StoreError) {
        guard try isThere() || mode == .readWrite else { throw .missing(path: path) }
    }

    /// Makes an empty file that only its owner may read; SQLite gives the files beside it the same mode.
    func createIfMissing() throws(StoreError) {
        guard mode == .readWrite, try !isThere() else { return }
        let descriptor = Foundation.open(resolved, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system("\(path) cannot be made", errno, path: path) }
        Foundation.close(descriptor)
    }

    /// Refuses a file that is behind its journal.
    func checkForJournal() throws(StoreError) {
        guard try PosixJournalFolder(beside: self).segments().isEmpty else {
            throw .unavailable(reason: "\(path) has a journal beside it, and must be opened with it")
        }
    }

    /// Whether something lies there; a folder or a device is refused.
    ///
    /// The file is never opened here: closing it again would drop the locks that SQLite holds in this process.
    func isThere() throws(StoreError) -> Bool {
        var status = stat()
        guard stat(resolved, &status) == 0 else {
            guard errno == ENOENT else { throw .system("\(path) cannot be looked at", errno, path: path) }
            return false
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unavailable(reason: "\(path) is not a file") }
        return true
    }

    /// Opens the connections, after checking that the file is ours, and brings its tables up to date.
    func open() throws(StoreError) -> DatabasePool {
        do {
            let pool = try DatabasePool(path: resolved, configuration: configuration)
            if mode != .readOnly { try pool.writeWithoutTransaction(prepareWriter) }
            return pool
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "farthing.store"
        configuration.readonly = mode == .readOnly
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(10)  // another process may be recovering or looking
        // Runs before anything is written, so that a foreign file stays as it is.
        configuration.prepareDatabase { [path, mode] db in
            let version = try Schema.version(of: db, path: path)
            guard version > 0 || mode == .readWrite else { throw StoreError.missing(path: path) }
            guard version == Schema.newest || mode != .readOnly else {
                throw StoreError.unavailable(reason: "an earlier version of Farthing wrote \(path)")
            }
        }
        return configuration
    }

    private func prepareWriter(_ db: Database) throws {
        // Opening a pool in WAL mode has set NORMAL, which may lose the last commits when the power fails.
        try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA fullfsync = ON")
        guard try Int64.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
            throw StoreError.unavailable(reason: "SQLite does not sync \(path) fully")
        }
        try Schema.migrate(db, path: path)
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
