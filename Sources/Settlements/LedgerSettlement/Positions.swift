// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives

/// Who has what: read from the tables, or worked out from the log.
struct Positions {
    struct Holding: Hashable {
        let owner: Address
        let token: Address
    }

    struct Deposit: Hashable {
        let channel: ChannelID
        let amount: Amount
    }

    struct Transfer: Hashable {
        let payer: Address
        let receiver: Address
        let token: Address
        let amount: Amount
    }

    /// A channel of another contract than that of vouchers.
    struct Contract: Hashable {
        let kind: String
        let token: Address
        var locked: Amount
    }

    var minted: [Address: Amount] = [:]
    var accounts: [Holding: Amount] = [:]
    var channels: [ChannelID: Book.Channel] = [:]
    var receivers: [Holding: Book.ReceiverTotals] = [:]
    /// Refunds by signature: the nonces in the tables; in the log only those that paid something.
    var refunds: [ChannelID: UInt64] = [:]
    var deposits: [TransactionID: Deposit] = [:]
    var transfers: [TransactionID: Transfer] = [:]
    var contracts: [ChannelID: Contract] = [:]
    var fundings: [TransactionID: Deposit] = [:]
    /// Channels that were created and not closed since; known from the log alone.
    var open: Set<ChannelID> = []
    var height: UInt64 = 0
    var time = Instant(unixSeconds: .min)

    /// Nothing yet.
    init() {}

    /// As the tables have it.
    init(tablesOf book: Book) throws {
        minted = try book.supplies()
        for account in try book.accounts() {
            accounts[Holding(owner: account.owner, token: account.token)] = account.balance
        }
        for channel in try book.channels() { channels[channel.id] = channel }
        for row in try book.rows("SELECT * FROM receivers") {
            let receiver = Holding(owner: try row.address("receiver"), token: try row.address("token"))
            receivers[receiver] = Book.ReceiverTotals(
                claimed: try row.amount("total_claimed"), settled: try row.amount("total_settled"))
        }
        for row in try book.rows("SELECT * FROM refund_nonces") {
            refunds[try row.channelID("channel")] = try row.count("nonce")
        }
        for row in try book.rows("SELECT tx, channel, amount FROM authorizations WHERE channel IS NOT NULL") {
            deposits[try row.transactionID("tx")] = Deposit(
                channel: try row.channelID("channel"), amount: try row.amount("amount"))
        }
        for row in try book.rows(
            "SELECT * FROM authorizations WHERE channel IS NULL AND contract_channel IS NULL")
        {
            transfers[try row.transactionID("tx")] = Transfer(
                payer: try row.address("payer"), receiver: try row.address("receiver"),
                token: try row.address("token"), amount: try row.amount("amount"))
        }
        for row in try book.rows("SELECT * FROM contract_channels") {
            contracts[try row.channelID("id")] = Contract(
                kind: try row.text("kind"), token: try row.address("token"), locked: try row.amount("locked"))
        }
        for row in try book.rows("SELECT * FROM authorizations WHERE contract_channel IS NOT NULL") {
            fundings[try row.transactionID("tx")] = Deposit(
                channel: try row.channelID("contract_channel"), amount: try row.amount("amount"))
        }
        (height, time) = (book.head.height, book.head.time)
    }
}
