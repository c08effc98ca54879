// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingHashChainScheme
public import FarthingPrimitives
import Foundation
import GRDB

/// A hash-chain channel of the wallet.
///
/// It holds the chain, so it is a secret.
public struct KeptHashChain: Hashable, Sendable {
    public var books: HashChainPayer
    public var network: Network
    /// The deposit that was signed for it, until the payee or the contract says that it is there.
    var funding: Funding?
    /// Where it was used last, for asking its payee.
    public var usedAt: KeptChannel.Use?
    /// Whether the payee gave back what was left.
    public var isClosed = false

    public var id: ChannelID { books.id }
    /// What the payee may keep locked without having earned it.
    public var locked: Amount { isClosed ? .zero : books.refundable }
}

extension KeptHashChain {
    private static let version: UInt8 = 1

    fileprivate var stored: [UInt8] {
        var writer = ByteWriter(version: Self.version, capacity: 1200)
        writer.write(books.stored)
        writer.write(UInt8(isClosed ? 1 : 0))
        writer.write(funding) { writer, funding in
            writer.write(funding.payer)
            writer.write(funding.amount)
            writer.write(funding.authorization.validAfter)
            writer.write(funding.authorization.validBefore)
            writer.write(funding.authorization.salt)
            writer.write(funding.authorization.signature)
        }
        return writer.bytes
    }

    fileprivate init(stored: [UInt8], network: Network, usedAt: KeptChannel.Use?) throws(StoredFormError) {
        var reader = try ByteReader(stored, newest: Self.version)
        books = try HashChainPayer(stored: try reader.bytes())
        let closed = try reader.byte()
        guard closed <= 1 else { throw .damaged }
        isClosed = closed == 1
        funding = try reader.optional { reader throws(StoredFormError) in
            Funding(
                payer: try reader.address(), amount: try reader.amount(),
                authorization: TransferAuthorization(
                    validAfter: try reader.uint64(), validBefore: try reader.uint64(), salt: try reader.hash(),
                    signature: try reader.signature()))
        }
        self.network = network
        self.usedAt = usedAt
        try reader.finish()
    }
}

extension KeptHashChain: KeptBooks {
    func keep(in db: Database) throws {
        let terms = books.terms
        try db.execute(
            sql: """
                INSERT INTO prepaid_channels (id, scheme, network, asset, receiver, state, locked, method, url)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, locked = excluded.locked,
                    method = excluded.method, url = excluded.url
                """,
            arguments: [
                "\(id)", ContractKind.hashChain.rawValue, "\(network)", terms.token.checksummed,
                terms.receiver.checksummed, Data(stored), "\(locked)", usedAt?.method, usedAt?.url,
            ])
    }
}

extension Journal {
    /// All hash-chain channels, in the order of their ids.
    public func hashChains() async throws -> [KeptHashChain] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM prepaid_channels WHERE scheme = ? ORDER BY id",
                arguments: [ContractKind.hashChain.rawValue]
            ).map { row in
                guard let state: Data = row["state"] else { throw JournalDamage(reason: "a channel has no state") }
                return try KeptHashChain(stored: Array(state), network: try row.network(), usedAt: row.usedAt)
            }
        }
    }

    /// Replaces a channel's books.
    func keep(_ chain: KeptHashChain) async throws { try await change { try chain.keep(in: $0) } }
}
