// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

extension Book {
    /// A channel as its row has it.
    struct Channel: Hashable {
        let id: ChannelID
        let terms: ChannelTerms
        var balance: Amount = .zero
        var totalClaimed: Amount = .zero
        /// All that was ever deposited; never falls.
        var totalDeposited: Amount = .zero
        var withdrawal: PendingWithdrawal?

        /// What may still be refunded or withdrawn.
        var available: Amount { balance.clampedSubtracting(totalClaimed) }
        /// Nothing is in it, and nothing was ever taken out by the receiver.
        var isEmpty: Bool { balance.isZero && totalClaimed.isZero }
    }

    /// What was claimed for a receiver, and what of it was paid.
    struct ReceiverTotals: Hashable {
        var claimed: Amount = .zero
        var settled: Amount = .zero
        var due: Amount { claimed.clampedSubtracting(settled) }
    }

    // MARK: - Channels

    /// The channel, or `nil` when nothing was ever deposited in it.
    func channel(_ id: ChannelID) throws -> Channel? {
        try row("SELECT * FROM channels WHERE id = ?", id.column).map(channel)
    }

    func channels() throws -> [Channel] {
        try rows("SELECT * FROM channels").map(channel)
    }

    private func channel(_ row: Row) throws -> Channel {
        var channel = Channel(
            id: try row.channelID("id"), terms: try row.terms("terms"), balance: try row.amount("balance"),
            totalClaimed: try row.amount("total_claimed"), totalDeposited: try row.amount("total_deposited"))
        if let amount = try row.optionalAmount("withdrawal_amount") {
            let moment = try row.instant("withdrawal_requested_at")
            channel.withdrawal = PendingWithdrawal(amount: amount, requestedAt: moment)
        }
        return channel
    }

    func save(_ channel: Channel) throws {
        try run(
            """
            INSERT INTO channels (id, terms, balance, total_claimed, total_deposited, withdrawal_amount,
                withdrawal_requested_at) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, total_claimed = excluded.total_claimed,
                total_deposited = excluded.total_deposited, withdrawal_amount = excluded.withdrawal_amount,
                withdrawal_requested_at = excluded.withdrawal_requested_at
            """, channel.id.column, channel.terms.column, channel.balance.column, channel.totalClaimed.column,
            channel.totalDeposited.column, channel.withdrawal?.amount.column,
            channel.withdrawal?.requestedAt.unixSeconds)
    }

    func snapshot(of channel: Channel, in block: Block) throws -> ChannelSnapshot {
        ChannelSnapshot(
            balance: channel.balance, totalClaimed: channel.totalClaimed, withdrawal: channel.withdrawal,
            refundNonce: try refundNonce(of: channel.id), block: block)
    }

    // MARK: - Refund nonces

    func refundNonce(of id: ChannelID) throws -> UInt64 {
        try row("SELECT nonce FROM refund_nonces WHERE channel = ?", id.column)?.count("nonce") ?? 0
    }

    func setRefundNonce(_ nonce: UInt64, of id: ChannelID) throws {
        try run(
            """
            INSERT INTO refund_nonces (channel, nonce) VALUES (?, ?)
            ON CONFLICT (channel) DO UPDATE SET nonce = excluded.nonce
            """, id.column, nonce.column)
    }

    // MARK: - Receivers

    func totals(of receiver: Address, token: Address) throws -> ReceiverTotals {
        let sql = "SELECT total_claimed, total_settled FROM receivers WHERE receiver = ? AND token = ?"
        guard let row = try row(sql, receiver.column, token.column) else { return ReceiverTotals() }
        return ReceiverTotals(claimed: try row.amount("total_claimed"), settled: try row.amount("total_settled"))
    }

    func setTotals(_ totals: ReceiverTotals, of receiver: Address, token: Address) throws {
        try run(
            """
            INSERT INTO receivers (receiver, token, total_claimed, total_settled) VALUES (?, ?, ?, ?)
            ON CONFLICT (receiver, token) DO UPDATE SET total_claimed = excluded.total_claimed,
                total_settled = excluded.total_settled
            """, receiver.column, token.column, totals.claimed.column, totals.settled.column)
    }
}
