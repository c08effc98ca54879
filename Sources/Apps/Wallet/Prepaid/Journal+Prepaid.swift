// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
import FarthingPrimitives
import Foundation
import GRDB

extension Journal {
    /// All channels of one scheme, in the order of their ids.
    public func prepaid<Books: PayerBooks>(_ books: Books.Type) async throws -> [KeptPrepaid<Books>] {
        try await read { try $0.prepaid(books) }
    }

    public func prepaid<Books: PayerBooks>(_ books: Books.Type, _ id: ChannelID) async throws -> KeptPrepaid<Books>? {
        try await read { try $0.prepaid(books, id) }
    }

    /// The channels that something is left in, on a network and in a token.
    func usable<Books: PayerBooks>(
        _ books: Books.Type, on network: Network, asset: Address
    ) async throws -> [KeptPrepaid<Books>] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM prepaid_channels WHERE scheme = ? AND network = ? AND asset = ? AND locked <> '0'
                    ORDER BY id
                    """, arguments: [Books.kind.rawValue, "\(network)", asset.checksummed]
            ).map { try $0.prepaid(books) }
        }
    }

    /// The channels on a network that a payee may have been paid out of, whatever is left in them.
    func used<Books: PayerBooks>(
        _ books: Books.Type, on network: Network, by payee: Address
    ) async throws -> [KeptPrepaid<Books>] {
        try await read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT * FROM prepaid_channels WHERE scheme = ? AND network = ? AND (? OR receiver = ?) ORDER BY id
                    """, arguments: [Books.kind.rawValue, "\(network)", Books.paysMany, payee.checksummed]
            ).map { try $0.prepaid(books) }
        }
    }

    /// The scheme of a channel, as it is called on the wire; `nil` for one that is none of these.
    func prepaidScheme(of id: ChannelID) async throws -> String? {
        try await read { db in
            try String.fetchOne(db, sql: "SELECT scheme FROM prepaid_channels WHERE id = ?", arguments: ["\(id)"])
        }
    }

    /// Where a payee was paid last out of a channel.
    func place(of payee: Address, paidBy channel: ChannelID) async throws -> KeptChannel.Use? {
        try await read { db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT method, url FROM entries WHERE channel = ? AND receiver = ? AND kind = 'payment'
                    ORDER BY id DESC
                    """, arguments: ["\(channel)", payee.checksummed])?.usedAt
        }
    }

    /// Replaces a channel's books.
    func keep<Books: PayerBooks>(_ channel: KeptPrepaid<Books>) async throws {
        try await change { try channel.keep(in: $0) }
    }

    /// Marks what a crash left on its way: nobody knows what became of it.
    ///
    /// - Parameter receiver: `nil` for all payees of the channel.
    func abandonPending(of channel: ChannelID, to receiver: Address?) async throws {
        let condition = "channel = ? AND state = 'pending' AND kind <> 'withdrawal' AND (? IS NULL OR receiver = ?)"
        let arguments: StatementArguments = ["\(channel)", receiver?.checksummed, receiver?.checksummed]
        let isThere = try await read { db in
            try Row.fetchOne(db, sql: "SELECT 1 FROM entries WHERE \(condition)", arguments: arguments) != nil
        }
        guard isThere else { return }
        try await change { db in
            try db.execute(
                sql: "UPDATE entries SET state = 'unknown', in_doubt = 1, code = 'payment.crashed' WHERE \(condition)",
                arguments: arguments)
        }
    }
}

extension Database {
    func prepaid<Books: PayerBooks>(_ books: Books.Type) throws -> [KeptPrepaid<Books>] {
        try Row.fetchAll(
            self, sql: "SELECT * FROM prepaid_channels WHERE scheme = ? ORDER BY id",
            arguments: [Books.kind.rawValue]
        ).map { try $0.prepaid(books) }
    }

    func prepaid<Books: PayerBooks>(_ books: Books.Type, _ id: ChannelID) throws -> KeptPrepaid<Books>? {
        try Row.fetchOne(
            self, sql: "SELECT * FROM prepaid_channels WHERE id = ? AND scheme = ?",
            arguments: ["\(id)", Books.kind.rawValue]
        ).map { try $0.prepaid(books) }
    }
}

extension Row {
    fileprivate func prepaid<Books: PayerBooks>(_ books: Books.Type) throws -> KeptPrepaid<Books> {
        guard let state: Data = self["state"] else { throw JournalDamage(reason: "a channel has no state") }
        let channel = try KeptPrepaid<Books>(stored: Array(state), network: try network(), usedAt: usedAt)
        guard try text("id") == "\(channel.id)" else { throw JournalDamage(reason: "a channel has another's books") }
        return channel
    }
}

extension KeptPrepaid: KeptBooks {
    func remove(from db: Database) throws {
        try db.execute(sql: "DELETE FROM prepaid_channels WHERE id = ?", arguments: ["\(id)"])
    }

    func keep(in db: Database) throws {
        let next = try db.prepaid(Books.self, id).map { merged(into: $0) } ?? self
        try db.execute(
            sql: """
                INSERT INTO prepaid_channels (id, scheme, network, asset, receiver, state, locked, method, url)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, locked = excluded.locked,
                    method = excluded.method, url = excluded.url
                """,
            arguments: [
                "\(id)", Books.kind.rawValue, "\(network)", books.terms.token.checksummed,
                (changed ?? books.payees.first ?? .zero).checksummed, Data(next.stored), "\(next.locked)",
                next.usedAt?.method, next.usedAt?.url,
            ])
    }
}
