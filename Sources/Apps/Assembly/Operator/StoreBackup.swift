// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingLedgerSettlement
import FarthingSQLiteStore
import Foundation

/// Copies what belongs to a store into a folder of its own, also while a node works with it.
///
/// The store comes first, in one moment, and the ledger after it: a ledger that is ahead of its store is caught up
/// with, the other way round both are faults. The folder gets its name when the copy was verified, so one that broke
/// off is never taken for a backup.
public struct StoreBackup: Sendable {
    /// What is told while it is made.
    public enum Progress: Sendable {
        /// So many of so many pages of the store were copied.
        case copied(pages: Int, of: Int)
        /// So many channels of the copy were looked at.
        case verified(channels: Int)
    }

    public let storePath: String
    public let place: SettlementPlace
    /// Where the key lies without which nothing can be claimed.
    public let authorizerKeyPath: String
    /// Where other keys lie, and what the name of each is behind that of the copied store, such as `.gun.key`; those
    /// that are not there are passed over.
    public let otherKeys: [(path: String, suffix: String)]

    public init(
        storePath: String, place: SettlementPlace, authorizerKeyPath: String,
        otherKeys: [(path: String, suffix: String)] = []
    ) {
        self.storePath = storePath
        self.place = place
        self.authorizerKeyPath = authorizerKeyPath
        self.otherKeys = otherKeys
    }

    /// Makes the backup in a folder that is not there yet, readable by its owner alone.
    ///
    /// - Returns: What the look through the copy found; that there is no authorizer's key is a fault, where there are
    ///   channels. When it found faults, the folder keeps the name with `.partial`.
    /// - Throws: ``BackupFault``, `StoreError`, or ``LostFile`` when the ledger is not there; nothing is left behind
    ///   then.
    public func make(
        at folder: String, progress: @escaping @Sendable (Progress) -> Void = { _ in }
    ) async throws -> StoreInspector.Verification {
        let partial = folder + ".partial"
        let files = FileManager.default
        for name in [folder, partial] where files.fileExists(atPath: name) { throw BackupFault.exists(path: name) }
        do {
            try files.createDirectory(
                atPath: partial, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch { throw BackupFault.unwritable(path: partial) }
        do {
            let found = try await fill(partial, progress)
            if found.faults.isEmpty { try files.moveItem(atPath: partial, toPath: folder) }
            return found
        } catch {
            try? files.removeItem(atPath: partial)
            throw error
        }
    }

    private func fill(
        _ folder: String, _ progress: @escaping @Sendable (Progress) -> Void
    ) async throws -> StoreInspector.Verification {
        let copy = folder + "/" + URL(fileURLWithPath: storePath).lastPathComponent
        let store = try JournalStore(path: storePath, mode: .readOnly)
        try await store.copy(to: copy) { progress(.copied(pages: $0, of: $1)) }
        await store.close()
        var copied = place
        if case .ledger(let path, let domain) = place {
            let ledger = NodeConfiguration.ledgerPath(besides: copy)
            try await Ledger(existing: path, of: storePath).copy(to: ledger)
            copied = .ledger(path: ledger, newOn: domain)
        }
        let hasKey = try Self.copyKey(authorizerKeyPath, to: NodeConfiguration.authorizerKeyPath(besides: copy))
        for key in otherKeys { _ = try Self.copyKey(key.path, to: copy + key.suffix) }
        var found = try await StoreInspector(storePath: copy, place: copied).verify {
            progress(.verified(channels: $0))
        }
        if !hasKey, found.channels > 0 {
            found.faults.append("\(LostFile.authorizerKey(path: authorizerKeyPath, store: storePath))")
        }
        return found
    }

    /// - Returns: Whether it was there.
    private static func copyKey(_ path: String, to copy: String) throws -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: copy)
        return true
    }
}

/// Why no backup was made.
public enum BackupFault: ExplainedError, Hashable {
    /// Something lies there.
    case exists(path: String)
    case unwritable(path: String)

    public var code: String {
        switch self {
        case .exists: "backup.exists"
        case .unwritable: "backup.unwritable"
        }
    }

    public var message: String {
        switch self {
        case .exists(let path): "There is something at \(path) already, and it was left as it is."
        case .unwritable(let path): "The folder \(path) cannot be made."
        }
    }

    public var remedy: String? {
        switch self {
        case .exists: "Name a folder that is not there; one that ends with .partial is of a backup that broke off."
        case .unwritable: "Name a folder inside one that is there and may be written."
        }
    }
}
