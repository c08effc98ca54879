// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

public import FarthingChannels
import FarthingContracts
public import FarthingEncodings
public import FarthingPrimitives
import GRDB

/// A channel whose payments fill a purse, of whatever scheme, as an export carries it.
///
/// What is in it can pay, so it is a secret even without the wallet's key.
public struct PrepaidCopy: Hashable, Sendable {
    public let id: ChannelID
    /// The scheme's name on the wire.
    public let scheme: String
    public let network: Network
    /// Whose money it is.
    public let payer: Address
    /// What all payees together could take.
    public let authorised: Amount
    private let usedAt: KeptChannel.Use?
    private let stored: [UInt8]
    /// For whoever looks into the file; what counts is what is stored.
    private let sums: JSON

    init<Books: PayerBooks>(_ channel: KeptPrepaid<Books>) {
        let books = channel.books
        id = channel.id
        scheme = Books.kind.rawValue
        network = channel.network
        payer = books.payer
        authorised = books.authorised
        usedAt = channel.usedAt
        // Whoever takes it in knows that it is a copy.
        var known = channel
        known.behind = []
        stored = known.stored
        sums = [
            "asset": .string(books.terms.token.checksummed), "deposit": .string("\(books.deposit)"),
            "charged": .string("\(books.charged)"), "authorised": .string("\(books.authorised)"),
            "locked": .string("\(channel.locked)"),
        ]
    }

    public var json: JSON {
        (sums.members ?? []).reduce(
            .object([
                "id": .string("\(id)"), "scheme": .string(scheme), "network": .string("\(network)"),
                "usedAt": usedAt.map { ["method": .string($0.method), "url": .string($0.url)] },
                "books": .string(Hex.encode(stored)),
            ])
        ) { $0.adding($1.name, $1.value) }
    }

    /// - Returns: `nil` for anything but what ``json`` writes.
    init?(json: JSON) {
        guard let scheme = json["scheme"]?.stringValue, let books = PrepaidSchemes.books(of: scheme),
            let copy = Self.read(books, json), json["id"]?.stringValue == "\(copy.id)"
        else { return nil }
        self = copy
    }

    private static func read<Books: PayerBooks>(_ books: Books.Type, _ json: JSON) -> PrepaidCopy? {
        guard let network = json["network"]?.stringValue.flatMap(Network.init),
            let bytes = json["books"]?.stringValue.flatMap(Hex.decode)
        else { return nil }
        var use: KeptChannel.Use?
        if let usedAt = json["usedAt"] {
            guard let method = usedAt["method"]?.stringValue, let url = usedAt["url"]?.stringValue else { return nil }
            use = KeptChannel.Use(method: method, url: url)
        }
        return (try? KeptPrepaid<Books>(stored: bytes, network: network, usedAt: use)).map(PrepaidCopy.init)
    }
}

extension Database {
    /// All channels of these schemes.
    func prepaidCopies() throws -> [PrepaidCopy] {
        func copies<Books: PayerBooks>(_ books: Books.Type) throws -> [PrepaidCopy] {
            try prepaid(books).map(PrepaidCopy.init)
        }
        return try PrepaidSchemes.all.flatMap { try copies($0) }
    }

    /// Takes in a channel of another journal; of one that both know, what was paid most by stays, payee by payee.
    ///
    /// What was on its way there is in doubt here, as after a crash.
    func merge(_ copy: PrepaidCopy, _ merge: inout Journal.Merge) throws {
        guard let books = PrepaidSchemes.books(of: copy.scheme) else { return }
        try copy.merge(books, into: self, &merge)
    }
}

extension PrepaidCopy {
    fileprivate func merge<Books: PayerBooks>(
        _ books: Books.Type, into db: Database, _ merge: inout Journal.Merge
    ) throws {
        var channel = try KeptPrepaid<Books>(stored: stored, network: network, usedAt: usedAt)
        // More may have been paid since it was written.
        channel.behind = Books.catchesUpForFree ? Set(channel.books.payees) : []
        guard let known = try db.prepaid(books, id) else {
            try channel.keep(in: db)
            merge.added += 1
            return
        }
        var next = known
        if Books.paysMany {
            for payee in channel.books.payees where channel.paid(payee) > known.paid(payee) {
                next.books.take(payee, from: channel.books)
                next.behind.formUnion(channel.behind.intersection([payee]))
            }
        } else if channel.books.authorised > known.books.authorised {
            next.books = channel.books
            next.credit = channel.credit
            next.behind = channel.behind
        }
        // What a payee did once is not forgotten, and what is over stays so.
        next.misconduct.merge(channel.misconduct) { known, _ in known }
        next.paidBy.merge(channel.paidBy) { known, _ in known }
        if known.standing == .open { next.standing = channel.standing }
        if channel.funding == nil { next.funding = nil }
        if !channel.awaitsCoin { next.awaitsCoin = false }
        next.usedAt = known.usedAt ?? channel.usedAt
        guard next != known else {
            merge.unchanged += 1
            return
        }
        try next.keep(in: db)
        merge.merged += 1
    }
}

extension KeptPrepaid {
    /// What a payee could take.
    fileprivate func paid(_ payee: Address) -> Amount {
        books.purse(of: payee).flatMap { $0.charged.adding($0.doubtful) } ?? .zero
    }
}
