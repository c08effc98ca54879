// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

extension Ledger {
    static func open(
        _ path: String?, domain: SettlementDomain, clock: @Sendable () -> Instant
    ) throws(StoreError) -> any DatabaseWriter {
        if let path { try makeFile(at: path) }
        do {
            let database = try connectPatiently(to: path)
            // GRDB's pool sets `synchronous` to NORMAL when it turns WAL on, and then a power cut may take back what
            // was answered. This must come after, on the one connection that writes.
            try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Schema.lay(in: database, domain: domain, time: clock())
            return database
        } catch {
            throw storeError(error, path: path ?? "in memory")
        }
    }

    /// Turning on the write-ahead log needs the file for a moment alone, and SQLite does not wait for that: another
    /// process that opens the ledger at the same time is waited for here.
    private static func connectPatiently(to path: String?) throws -> any DatabaseWriter {
        let deadline = ContinuousClock.now + .seconds(busyTimeout)
        while true {
            do { return try connect(to: path) } catch let error as DatabaseError
                where error.resultCode == .SQLITE_BUSY && .now < deadline
            { usleep(25_000) }
        }
    }

    private static func connect(to path: String?) throws -> any DatabaseWriter {
        var configuration = Configuration()
        configuration.label = "Farthing.Ledger"
        configuration.busyMode = .timeout(busyTimeout)
        // This comes before WAL is turned on, so that a file of somebody else's is refused as it is.
        configuration.prepareDatabase { db in try Schema.recognise(db) }
        guard let path else { return try DatabaseQueue(configuration: configuration) }
        return try DatabasePool(path: path, configuration: configuration)
    }

    /// How long to wait for another process that is writing.
    ///
    /// - Unit: seconds.
    static let busyTimeout: Double = 10

    /// Makes an empty file for the owner alone; SQLite gives `-wal` and `-shm` the mode of the file.
    static func makeFile(at path: String) throws(StoreError) {
        let descriptor = Self.create(path)
        guard descriptor < 0 else {
            close(descriptor)
            return
        }
        switch errno {
        case EEXIST: return
        case ENOENT, ENOTDIR: throw .missing(path: path)
        case ENOSPC, EDQUOT: throw .full(path: path)
        case let code: throw .unavailable(reason: "\(path): \(String(cString: strerror(code)))")
        }
    }

    private static func create(_ path: String) -> Int32 {
        #if canImport(Darwin)
        Darwin.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #elseif canImport(Musl)
        Musl.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #else
        Glibc.open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        #endif
    }

    static func storeError(_ error: any Error, path: String) -> StoreError {
        switch error {
        case let error as StoreError: error.naming(path)
        case let fault as LedgerFault: .damaged(path: path, reason: fault.reason)
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL: .full(path: path)
            case .SQLITE_NOTADB, .SQLITE_CORRUPT: .damaged(path: path, reason: "\(error.resultCode)")
            case .SQLITE_BUSY: .inUse(path: path, by: nil)
            default: .unavailable(reason: "\(path): \(error.message ?? "\(error.resultCode)")")
            }
        default: .unavailable(reason: "\(path): \(error)")
        }
    }
}

extension StoreError {
    /// Fills in the path where ``Schema`` could not know it.
    fileprivate func naming(_ path: String) -> StoreError {
        switch self {
        case .newer: .newer(path: path)
        case .damaged(_, let reason): .damaged(path: path, reason: reason)
        case .unavailable(let reason): .unavailable(reason: "\(path) \(reason)")
        default: self
        }
    }
}
