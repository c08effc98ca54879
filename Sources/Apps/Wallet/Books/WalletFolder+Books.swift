// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
import FarthingKeyFiles
import FarthingPrimitives
import Foundation

extension WalletFolder {
    /// Everything in the folder as one file.
    ///
    /// - Parameter withKey: Whether the key file goes along, as it is; only an encrypted one may.
    /// - Throws: ``WalletError/noWallet(path:)``, ``BooksFault/keyIsOpen``, `KeyFileError`, ``JournalError``.
    public func export(withKey: Bool) async throws -> WalletBooks {
        let journal = try openJournal()
        var books = try await journal.books(of: try KeyFile.address(of: keyPath))
        guard withKey else { return books }
        guard let data = FileManager.default.contents(atPath: keyPath) else {
            throw KeyFileError.unreadable(path: keyPath, reason: "it cannot be read")
        }
        guard Self.isEncrypted(Array(data)) else { throw BooksFault.keyIsOpen }
        books.keyFile = String(decoding: data, as: UTF8.self)
        return books
    }

    /// Takes in what ``export(withKey:)`` wrote, into this folder's wallet or into a new one.
    ///
    /// A key that is there already stays as it is.
    ///
    /// - Throws: ``BooksFault``, `KeyFileError`, ``JournalError``.
    public func take(in books: WalletBooks) async throws -> Journal.Merge {
        if !exists {
            guard let keyFile = books.keyFile else { throw BooksFault.noKey }
            guard Self.isEncrypted(Array(keyFile.utf8)) else { throw BooksFault.keyIsOpen }
            try create()
            try Self.write(keyFile, to: keyPath)
            do {
                let address = try KeyFile.address(of: keyPath)
                guard address == books.address else { throw BooksFault.otherAddress(books.address, address) }
            } catch {
                // It was not there before, and is no key of these books.
                unlink(keyPath)
                throw error
            }
        }
        return try await journal().merge(books, into: try KeyFile.address(of: keyPath))
    }

    /// - Source: Web3 Secret Storage, version 3: a keystore has a member `crypto`.
    private static func isEncrypted(_ bytes: [UInt8]) -> Bool {
        guard let json = try? JSON.parse(bytes) else { return false }
        return (json["crypto"] ?? json["Crypto"])?.members != nil && json["private_key"] == nil
    }

    /// Makes a file for its owner alone, and never writes over one.
    private static func write(_ text: String, to path: String) throws(KeyFileError) {
        let descriptor = newFile(path)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? .exists(path: path) : .unwritable(path: path, reason: String(cString: strerror(errno)))
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data(text.utf8))
            try file.synchronize()
        } catch {
            unlink(path)
            throw .unwritable(path: path, reason: "\(type(of: error))")
        }
    }
}

/// Outside of the folder's type, where `open` is the system's.
private func newFile(_ path: String) -> Int32 {
    open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
}
