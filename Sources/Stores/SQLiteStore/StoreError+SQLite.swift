// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import Foundation
import GRDB

extension StoreError {
    /// Says in the store's words what SQLite or the system reported.
    init(_ error: any Error, path: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(error, path: path)
        case let field as DamagedField: self = .damaged(path: path, reason: "its column \(field.column) is unreadable")
        case is CancellationError: self = .cancelled
        default: self = .unavailable(reason: "\(error)")
        }
    }

    private init(_ error: DatabaseError, path: String) {
        let message = error.message ?? "SQLite reported \(error.extendedResultCode)"
        switch error.extendedResultCode {
        case .SQLITE_IOERR_SHMSIZE:  // the file beside it could not grow
            self = .full(path: path)
            return
        case .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_CORRUPTFS:
            self = .damaged(path: path, reason: message)
            return
        default: break
        }
        switch error.resultCode {
        case .SQLITE_FULL: self = .full(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(path: path, reason: message)
        case .SQLITE_INTERRUPT: self = .cancelled
        default: self = .unavailable(reason: message)
        }
    }

    static var closed: StoreError { .unavailable(reason: "it is closed") }

    /// Says what the system refused, in its own words.
    static func system(_ what: String, _ code: Int32, path: String) -> StoreError {
        code == ENOSPC || code == EDQUOT
            ? .full(path: path) : .unavailable(reason: "\(what): \(String(cString: strerror(code)))")
    }
}
