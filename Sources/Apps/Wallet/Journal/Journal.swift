// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingHTTP402Client
import FarthingPrimitives
import Foundation
import GRDB

/// The wallet's memory: its channels, what it signed and what became of it, in one SQLite file.
///
/// What is about to be signed is on the disk before it is signed. Several processes may use one journal at once; a
/// budget is checked and taken in one transaction, so they cannot overspend together.
public final class Journal: Sendable {
    let path: String
    let database: any DatabaseWriter
    /// Offers as they were last read or kept; another process's newer one is found out at the payment.
    let knownOffers = MemoryOfferBook()
    let probe: JournalProbe?

    /// Opens the journal in a file, for its owner alone, and makes it when there is none.
    ///
    /// - Parameter path: `nil` for a journal in memory, for tests and for those who want to forget.
    public convenience init(path: String?) throws(JournalError) { try self.init(path: path, probe: nil) }

    package init(path: String?, probe: JournalProbe?) throws(JournalError) {
        self.path = path ?? "in memory"
        self.probe = probe
        do {
            database = try Self.openPatiently(path)
        } catch {
            throw Self.explained(error, path: self.path)
        }
    }

    /// Turning on the write-ahead log needs the file for a moment alone, and SQLite does not wait for that: another
    /// process that opens the journal at the same time is waited for here.
    private static func openPatiently(_ path: String?) throws -> any DatabaseWriter {
        var attempt = 0
        while true {
            do { return try open(path) } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
                attempt += 1
                guard attempt < 200 else { throw error }
                usleep(25_000)
            }
        }
    }

    private static func open(_ path: String?) throws -> any DatabaseWriter {
        var configuration = Configuration()
        configuration.label = "Farthing.Journal"
        configuration.busyMode = .timeout(30)
        let database: any DatabaseWriter
        if let path {
            makeFile(at: path)
            let pool = try DatabasePool(path: path, configuration: configuration)
            // The pool turns WAL on with NORMAL; only FULL is on the disk when a commit returns.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            database = pool
        } else {
            database = try DatabaseQueue(configuration: configuration)
        }
        try database.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                try JournalSchema.lay(in: db)
                return .commit
            }
        }
        return database
    }

    /// Makes an empty file for its owner alone where there is none; SQLite gives the files beside it the same mode.
    ///
    /// Another process may make it at this very moment and have written to it already, so it is never cut to nothing. When
    /// it cannot be made, SQLite says why.
    private static func makeFile(at path: String) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
    }

    // MARK: - Transactions

    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await database.read { try body($0) } } catch { throw rethrown(error) }
    }

    /// Reads to the end even when the task that waits for it is cancelled.
    ///
    /// For what is looked up once something was sent: how that ended could not be written down without it.
    func readRegardless<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await Task { try await read(body) }.value
    }

    /// Runs `body` in one transaction, which nobody else can come between; a throw takes everything back.
    ///
    /// It runs to its end even when the task that waits for it is cancelled: what was sent must be written down.
    func change<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        let database = database
        do {
            return try await Task {
                try await database.writeWithoutTransaction { db in
                    var value: Value?
                    try db.inTransaction(.immediate) {
                        value = try body(db)
                        return .commit
                    }
                    guard let value else { throw CancellationError() }
                    return value
                }
            }.value
        } catch { throw rethrown(error) }
    }

    private func rethrown(_ error: any Error) -> any Error {
        switch error {
        case is DatabaseError, is JournalDamage, is StoredFormError, is CancellationError:
            Self.explained(error, path: path)
        default: error
        }
    }

    private static func explained(_ error: any Error, path: String) -> JournalError {
        switch error {
        case let error as JournalError: error
        case is CancellationError: .cancelled
        case let damage as JournalDamage: .damaged(path: path, reason: damage.reason)
        case let error as StoredFormError: .damaged(path: path, reason: error.message)
        case is JournalSchema.Newer: .newer(path: path)
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL: .full(path: path)
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: .damaged(path: path, reason: "\(error.resultCode)")
            default: .unavailable(path: path, reason: error.message ?? "\(error.resultCode)")
            }
        default: .unavailable(path: path, reason: "\(error)")
        }
    }
}

/// A row that cannot be.
struct JournalDamage: Error {
    let reason: String
}
