// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingPrimitives
import Foundation

/// A wallet on disk: a key, a journal, a policy, and the locks by which processes keep each other out.
///
///     key.json      the key, encrypted or not (mode 0600)
///     journal       SQLite, with -wal and -shm beside it
///     policy.json   the spending policy; without it `SpendingPolicy.standard` holds
///     locks/        one empty file a channel
public struct WalletFolder: Hashable, Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    public var keyPath: String { path + "/key.json" }
    public var journalPath: String { path + "/journal" }
    public var policyPath: String { path + "/policy.json" }
    public var lockPath: String { path + "/locks" }

    /// Whether there is a key in it.
    public var exists: Bool { FileManager.default.fileExists(atPath: keyPath) }

    /// Makes the folder, for its owner alone.
    public func create() throws(JournalError) {
        do {
            for folder in [path, lockPath] {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw .unavailable(path: path, reason: "the folder cannot be made")
        }
    }

    /// The policy in the folder, or the standard one when there is none.
    ///
    /// - Throws: ``PolicyFileError`` for a file that cannot be read or understood: better no payment than one too many.
    public func policy() throws(PolicyFileError) -> SpendingPolicy {
        guard let data = FileManager.default.contents(atPath: policyPath) else {
            var status = stat()
            // A link that leads nowhere is there, too.
            guard lstat(policyPath, &status) != 0, errno == ENOENT || errno == ENOTDIR else {
                throw .unreadable(path: policyPath)
            }
            return .standard
        }
        return try SpendingPolicy(file: Array(data))
    }

    public func journal() throws(JournalError) -> Journal { try journal(probe: nil) }

    package func journal(probe: JournalProbe?) throws(JournalError) -> Journal {
        try create()
        return try Journal(path: journalPath, probe: probe)
    }
}
