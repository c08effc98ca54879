// SPDX-License-Identifier: Apache-2.0
// This file is part of Farthing. Authors: see the git history.

internal import FarthingChannels
internal import FarthingPrimitives
internal import GRDB

extension Book {
    /// A payer's leave to take money from its account, whose signature was checked.
    ///
    /// - Source: EIP-3009. A token keeps one set of nonces for each payer, whatever they are used for.
    struct Authorization {
        let token: Address
        let payer: Address
        let nonce: Hash32
        /// Over all that was signed, for two authorisations of different content may carry one nonce.
        let digest: Hash32
    }

    /// Where the money of an authorisation went.
    enum Destination {
        case channel(ChannelID)
        case account(Address)
        case contract(Address, ChannelID)
    }

    /// Throws unless the authorisation is valid now, was never used, and its payer holds the sum.
    func admit(_ authorization: Authorization, of amount: Amount, after: UInt64, before: UInt64) throws {
        let now = UInt64(clamping: head.time.unixSeconds)
        guard now > after else { throw SettlementError.authorizationNotYetValid(validAfter: after, now: head.time) }
        guard now < before else { throw SettlementError.authorizationExpired(validBefore: before, now: head.time) }
        guard try authorizationRow(authorization) == nil else { throw SettlementError.authorizationUsed }
        let funds = try balance(of: authorization.payer, token: authorization.token)
        guard funds >= amount else { throw SettlementError.insufficientBalance(has: funds, needs: amount) }
    }

    /// What this very authorisation was used for, whenever that was; `nil` when it is new, or when another of the
    /// same nonce was used.
    func earlierUse(of authorization: Authorization) throws -> (transaction: TransactionID, amount: Amount)? {
        guard let row = try authorizationRow(authorization), try row.hash("digest") == authorization.digest else {
            return nil
        }
        return (try row.transactionID("tx"), try row.amount("amount"))
    }

    /// Writes down that an authorisation is used up.
    func use(
        _ authorization: Authorization, of amount: Amount, for destination: Destination, in posting: Posting
    ) throws {
        var channel: ChannelID?
        var receiver: Address?
        var contractChannel: ChannelID?
        switch destination {
        case .channel(let id): channel = id
        case .account(let address): receiver = address
        case .contract(let address, let id): (receiver, contractChannel) = (address, id)
        }
        try run(
            """
            INSERT INTO authorizations (token, payer, nonce, digest, channel, receiver, amount, tx, contract_channel)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, authorization.token.column, authorization.payer.column, authorization.nonce.column,
            authorization.digest.column, channel?.column, receiver?.column, amount.column, posting.transaction.column,
            contractChannel?.column)
    }

    private func authorizationRow(_ authorization: Authorization) throws -> Row? {
        try row(
            "SELECT digest, amount, tx FROM authorizations WHERE token = ? AND payer = ? AND nonce = ?",
            authorization.token.column, authorization.payer.column, authorization.nonce.column)
    }
}
