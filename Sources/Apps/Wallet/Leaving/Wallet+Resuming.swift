// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingVoucherScheme

extension Wallet {
    /// Pays a payee again that did what no honest one does, because a person decided so.
    ///
    /// What it says next of how far it is, is believed once, as the books may be old ones that were put back: of
    /// vouchers as far as one of ours shows it, and of a hash chain up to all that is locked.
    ///
    /// - Returns: The channel as it is now; nothing happens to one that was not suspended.
    /// - Throws: ``WalletError/unknownChannel(_:)``, ``JournalError``.
    @discardableResult
    public func resume(_ id: ChannelID) async throws -> ChannelOverview {
        if let scheme = try await journal.prepaidScheme(of: id), let books = PrepaidSchemes.books(of: scheme) {
            return try await resume(books, id)
        }
        let lease = try await lease(oneOf: [id])
        defer { lease.giveBack() }
        guard let known = try await journal.channel(id) else { throw WalletError.unknownChannel(id) }
        var channel = try await prepared(known)
        _ = try channel.books.apply(.resumed)
        try await journal.keep(channel)
        return channel.overview
    }
}
