// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingPrimitives
import FarthingVoucherScheme
import Foundation
import GRDB

extension Journal {
    public func channel(_ id: ChannelID) async throws -> KeptChannel? {
        try await read { try $0.channel(id) }
    }

    /// All channels, in the order of their ids.
    public func channels() async throws -> [KeptChannel] { try await read { try $0.channels() } }

    /// Replaces a channel's books, for instance after the chain was read.
    public func keep(_ channel: KeptChannel) async throws { try await change { try $0.keep(channel) } }
}

extension Database {
    func channel(_ id: ChannelID) throws -> KeptChannel? {
        try Row.fetchOne(self, sql: "SELECT * FROM channels WHERE id = ?", arguments: ["\(id)"]).map {
            try $0.channel()
        }
    }

    func channels() throws -> [KeptChannel] {
        try Row.fetchAll(self, sql: "SELECT * FROM channels ORDER BY id").map { try $0.channel() }
    }

    func keep(_ channel: KeptChannel) throws {
        let books = channel.books
        try execute(
            sql: """
                INSERT INTO channels (id, network, asset, receiver, state, locked, method, url)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, locked = excluded.locked,
                    method = excluded.method, url = excluded.url
                """,
            arguments: [
                "\(channel.id)", "\(channel.network)", books.terms.token.checksummed, books.terms.receiver.checksummed,
                Data(books.stored), "\(channel.provenLocked)", channel.usedAt?.method, channel.usedAt?.url,
            ])
    }
}
