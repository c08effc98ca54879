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
            let text = Array(keyFile.utf8)
            guard Self.isEncrypted(text) else { throw BooksFault.keyIsOpen }
            // A key of other books is not written at all: it would be this folder's from then on.
            let address = try KeyFile.address(in: text, from: nil)
            guard address == books.address else { throw BooksFault.otherAddress(books.address, address) }
            try create()
            try KeyFile.create(text: text, at: keyPath)
        }
        return try await journal().merge(books, into: try KeyFile.address(of: keyPath))
    }

    /// - Source: Web3 Secret Storage, version 3: a keystore has a member `crypto`.
    private static func isEncrypted(_ bytes: [UInt8]) -> Bool {
        guard let json = try? JSON.parse(bytes) else { return false }
        return (json["crypto"] ?? json["Crypto"])?.members != nil && json["private_key"] == nil
    }
}
