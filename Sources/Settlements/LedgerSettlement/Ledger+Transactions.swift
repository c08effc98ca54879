// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import GRDB
internal import Synchronization

extension Ledger {
    /// Runs `body` over one unchanging view of the tables.
    func read<Value: Sendable>(
        _ body: @Sendable (Book) throws -> Value
    ) async throws(SettlementError) -> Value {
        do { return try await view(body) } catch { throw Self.settlementError(error) }
    }

    /// Runs `body` in one transaction, which nobody else can come between; a throw takes everything back.
    ///
    /// When this returns, what was done is on the disk.
    func change<Value: Sendable>(
        _ body: @Sendable (Book) throws -> Value
    ) async throws(SettlementError) -> Value {
        do { return try await transact(body) } catch { throw Self.settlementError(error) }
    }

    /// As ``read(_:)`` does, with the errors as they are.
    func view<Value: Sendable>(_ body: @Sendable (Book) throws -> Value) async throws -> Value {
        try await database.read { [domain, clock] db in try body(Book(db: db, domain: domain, clock: clock)) }
    }

    /// As ``change(_:)`` does, with the errors as they are.
    func transact<Value: Sendable>(_ body: @Sendable (Book) throws -> Value) async throws -> Value {
        do {
            let value = try await database.writeWithoutTransaction { [domain, clock] db in
                // Immediate: a transaction that reads first and writes later could find that another process wrote
                // in between, and fail for no fault of the caller.
                try db.inTransaction(.immediate, returning: { try body(Book(db: db, domain: domain, clock: clock)) })
            }
            hasFailedToWrite.withLock { $0 = false }
            return value
        } catch let error as DatabaseError {
            hasFailedToWrite.withLock { $0 = true }
            throw error
        }
    }

    static func settlementError(_ error: any Error) -> SettlementError {
        switch error {
        case let error as SettlementError: error
        case is CancellationError: .cancelled
        case let fault as LedgerFault: .unavailable(reason: "its file is damaged: \(fault.reason)")
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            .unavailable(reason: "the disk is full")
        case let error as DatabaseError where error.resultCode == .SQLITE_BUSY:
            .unavailable(reason: "another process holds its file")
        case let error as DatabaseError: .unavailable(reason: error.message ?? "\(error.resultCode)")
        default: .unavailable(reason: "\(error)")
        }
    }
}

extension Database {
    fileprivate func inTransaction<Value>(_ kind: TransactionKind, returning body: () throws -> Value) throws -> Value {
        var value: Value?
        try inTransaction(kind) {
            value = try body()
            return .commit
        }
        guard let value else { throw LedgerFault(reason: "a transaction ended without an answer") }
        return value
    }
}
