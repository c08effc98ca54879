// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

extension Book {
    /// Writes what happened behind all that happened before.
    func append(_ kind: SettlementEvent.Kind, to posting: Posting) throws {
        // SQLite gives the row the next number; rows are never deleted, so there is no gap.
        let event = SettlementEvent(sequence: 0, block: posting.block, transaction: posting.transaction, kind: kind)
        let fields = EventFields(kind)
        try run(
            """
            INSERT INTO events
                (height, time, tx, kind, channel, account, token, amount, total, moment, terms, receiver, note)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, event.block.height.column, event.block.time.unixSeconds, event.transaction.column, event.name,
            event.channel?.column, fields.account?.column, fields.token?.column, fields.amount?.column,
            fields.total?.column, fields.moment?.unixSeconds, fields.terms?.column, fields.receiver?.column,
            fields.note)
    }

    func events(after sequence: UInt64, limit: Int) throws -> [SettlementEvent] {
        // SQLite takes a negative limit for none at all.
        let sql = "SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?"
        return try rows(sql, sequence.column, max(0, limit)).map { row in
            SettlementEvent(
                sequence: try row.count("sequence"),
                block: Block(height: try row.count("height"), time: try row.instant("time")),
                transaction: try row.transactionID("tx"), kind: try kind(row))
        }
    }

    private func kind(_ row: Row) throws -> SettlementEvent.Kind {
        switch try row.text("kind") {
        case "ChannelCreated": .channelCreated(try row.channelID("channel"), try row.terms("terms"))
        case "Deposited":
            .deposited(
                try row.channelID("channel"), amount: try row.amount("amount"), newBalance: try row.amount("total"))
        case "Claimed":
            .claimed(try row.channelID("channel"), amount: try row.amount("amount"), newTotal: try row.amount("total"))
        case "Settled":
            .settled(
                receiver: try row.address("account"), token: try row.address("token"),
                amount: try row.amount("amount"))
        case "Refunded": .refunded(try row.channelID("channel"), amount: try row.amount("amount"))
        case "WithdrawInitiated":
            .withdrawInitiated(
                try row.channelID("channel"), amount: try row.amount("amount"), finalizeAfter: try row.instant("moment")
            )
        case "WithdrawFinalized": .withdrawFinalized(try row.channelID("channel"), amount: try row.amount("amount"))
        case "ChannelClosed": .channelClosed(try row.channelID("channel"))
        case "Transfer":
            .transferred(
                from: try row.address("account"), to: try row.address("receiver"), token: try row.address("token"),
                amount: try row.amount("amount"))
        case "Funded":
            .funded(
                try row.channelID("channel"), kind: try row.text("note"), payer: try row.address("account"),
                token: try row.address("token"), amount: try row.amount("amount"))
        case "PaidOut":
            .paidOut(
                try row.channelID("channel"), receiver: try row.address("receiver"), token: try row.address("token"),
                amount: try row.amount("amount"))
        case "Advanced": .advanced(try row.channelID("channel"), to: try row.text("note"))
        case "Minted":
            .minted(
                account: try row.address("account"), token: try row.address("token"),
                amount: try row.amount("amount"))
        case let name: throw LedgerFault(reason: "it has an event that nobody knows, \(name)")
        }
    }
}

/// The columns that an event fills besides its name and its channel.
private struct EventFields {
    var account: Address?
    var token: Address?
    var amount: Amount?
    var total: Amount?
    var moment: Instant?
    var terms: ChannelTerms?
    var receiver: Address?
    var note: String?

    init(_ kind: SettlementEvent.Kind) {
        switch kind {
        case .channelCreated(_, let terms): self.terms = terms
        case .deposited(_, let amount, let newBalance): (self.amount, total) = (amount, newBalance)
        case .claimed(_, let amount, let newTotal): (self.amount, total) = (amount, newTotal)
        case .refunded(_, let amount), .withdrawFinalized(_, let amount): self.amount = amount
        case .withdrawInitiated(_, let amount, let finalizeAfter): (self.amount, moment) = (amount, finalizeAfter)
        case .channelClosed, .moved: break
        case .transferred(let payer, let receiver, let token, let amount):
            (account, self.receiver, self.token, self.amount) = (payer, receiver, token, amount)
        case .funded(_, let kind, let payer, let token, let amount):
            (account, self.token, self.amount, note) = (payer, token, amount, kind)
        case .paidOut(_, let receiver, let token, let amount):
            (self.receiver, self.token, self.amount) = (receiver, token, amount)
        case .advanced(_, let phase): note = phase
        case .settled(let account, let token, let amount), .minted(let account, let token, let amount):
            (self.account, self.token, self.amount) = (account, token, amount)
        }
    }
}
