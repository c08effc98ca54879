// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

import FarthingChannels
import FarthingEncodings
public import FarthingPrimitives
import FarthingVoucherScheme
import GRDB

extension Journal {
    /// What an import changed.
    public struct Merge: Hashable, Sendable {
        /// Channels that were not known before.
        public var added = 0
        /// Channels of which the journal or the file knew more.
        public var merged = 0
        /// Channels of which both knew the same.
        public var unchanged = 0
        public var entries = 0

        public init(added: Int = 0, merged: Int = 0, unchanged: Int = 0, entries: Int = 0) {
            self.added = added
            self.merged = merged
            self.unchanged = unchanged
            self.entries = entries
        }
    }

    /// All that is known, at one moment.
    public func books(of address: Address) async throws -> WalletBooks {
        try await read { db in
            WalletBooks(
                address: address, channels: try db.channels(), prepaid: try db.prepaidCopies(),
                history: try Row.fetchAll(db, sql: "SELECT * FROM entries ORDER BY id").map { try $0.entry() })
        }
    }

    /// Takes in another copy of the books, so that nothing of either is lost; all of it, or nothing.
    ///
    /// Taking in the same file twice changes nothing. What the history says was spent counts in the budgets.
    ///
    /// - Throws: ``BooksFault/otherAddress(_:_:)``, ``BooksFault/otherChannel(_:)``, ``JournalError``.
    @discardableResult
    public func merge(_ books: WalletBooks, into address: Address) async throws -> Merge {
        guard books.address == address else { throw BooksFault.otherAddress(books.address, address) }
        for channel in books.channels {
            guard channel.books.terms.payer == address else {
                throw BooksFault.otherAddress(channel.books.terms.payer, address)
            }
            if let domain = SettlementDomain(network: channel.network),
                domain.channelID(of: channel.books.terms) != channel.id
            {
                throw BooksFault.otherChannel(channel.id)
            }
        }
        for channel in books.prepaid where channel.payer != address {
            throw BooksFault.otherAddress(channel.payer, address)
        }
        return try await change { db in
            var merge = Merge()
            for channel in books.channels { try db.merge(channel, &merge) }
            for channel in books.prepaid { try db.merge(channel, &merge) }
            var known: [Int64: [JournalEntry]] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT * FROM entries") {
                let entry = try row.entry()
                known[entry.at.unixSeconds, default: []].append(entry)
            }
            for entry in books.history.sorted(by: { ($0.at, $0.id) < ($1.at, $1.id) }) {
                let second = entry.at.unixSeconds
                // Each known one stands for one of the file's: two equal payments in one second stay two.
                if let index = known[second]?.firstIndex(where: { $0.isSame(as: entry) }) {
                    known[second]?.remove(at: index)
                    continue
                }
                try db.restore(entry)
                merge.entries += 1
            }
            return merge
        }
    }
}

extension Database {
    fileprivate func merge(_ channel: KeptChannel, _ merge: inout Journal.Merge) throws {
        guard let known = try self.channel(channel.id) else {
            var channel = channel
            channel.books = channel.books.restored
            try keep(channel)
            merge.added += 1
            return
        }
        var next = known
        next.books = known.books == channel.books.restored ? known.books : known.books.merged(with: channel.books)
        next.usedAt = known.usedAt ?? channel.usedAt
        guard next != known else {
            merge.unchanged += 1
            return
        }
        try keep(next)
        merge.merged += 1
    }

    /// Writes an entry of another journal down.
    ///
    /// What was on its way there is in doubt here.
    fileprivate func restore(_ entry: JournalEntry) throws {
        let isUnderWay = entry.state == .pending && entry.kind != .withdrawal
        let state = isUnderWay ? .unknown : entry.state
        try execute(
            sql: """
                INSERT INTO entries (at, kind, host, method, url, scheme, network, asset, receiver, channel, ceiling,
                    identifier, price, deposit, state, charged, code, tx, counted, in_doubt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                entry.at.unixSeconds, entry.kind.rawValue, entry.host, entry.method, entry.url, entry.scheme,
                "\(entry.network)", entry.asset.checksummed, entry.receiver.checksummed,
                entry.channel.map { "\($0)" }, entry.ceiling.map { "\($0)" }, entry.identifier, "\(entry.price)",
                "\(entry.deposit)", state.rawValue, "\(entry.charged)", entry.code,
                entry.transaction.map { "\($0)" }, "\(entry.counted)", entry.isInDoubt || isUnderWay,
            ])
        try count(
            entry.counted, instead: .zero,
            Spending(
                network: "\(entry.network)", asset: entry.asset.checksummed, host: entry.host, at: entry.at))
        if entry.kind == .payment, entry.state == .paid {
            try execute(sql: "INSERT OR IGNORE INTO hosts VALUES (?)", arguments: [entry.host])
        }
    }
}

extension JournalEntry {
    /// Whether both tell of the same payment, of which one may know more.
    fileprivate func isSame(as other: JournalEntry) -> Bool {
        guard at == other.at, kind == other.kind, url == other.url, channel == other.channel else { return false }
        if let identifier, let their = other.identifier { return identifier == their }
        return method == other.method && price == other.price && deposit == other.deposit && ceiling == other.ceiling
    }
}
